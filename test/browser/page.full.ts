// All cases of page.test.ts, which npm test has some of.
import './page.test.js';
