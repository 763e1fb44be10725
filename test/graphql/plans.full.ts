import './plans.test.js';
