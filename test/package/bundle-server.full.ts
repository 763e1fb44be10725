// All cases of bundle-server.test.ts, which npm test has some of.
import './bundle-server.test.js';
