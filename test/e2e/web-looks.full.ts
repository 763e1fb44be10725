// All cases of web-looks.test.ts, which npm test has some of.
import './web-looks.test.js';
