// All cases of guide.test.ts, which npm test has some of.
import './guide.test.js';
