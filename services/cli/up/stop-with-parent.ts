/**
 * Preloaded into every service that `flotilla up` starts. The channel to the parent closes when the parent is gone, however it
 * went, kill -9 included: the service then stops as it does for SIGTERM, and no process is left behind.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// The channel alone must not keep a service alive that has ended.
process.channel?.unref();
