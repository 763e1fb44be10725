// SIGUSR1 makes Node.js open its inspector, to which everybody on the machine may connect. Loaded before all else.
if (process.env['NODE_ENV'] === 'production') process.on('SIGUSR1', () => {});

export {};
