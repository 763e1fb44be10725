// All cases of deployment.test.ts, which npm test has some of.
import './deployment.test.js';
