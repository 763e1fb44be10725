// All cases of install.test.ts, which npm test has some of.
import './install.test.js';
