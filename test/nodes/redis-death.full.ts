// All cases of redis-death.test.ts, which npm test has some of.
import './redis-death.test.js';
