// All cases of web-call.test.ts, which npm test has some of.
import './web-call.test.js';
