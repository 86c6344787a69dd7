/// How long what about locks takes; restic's own times.
struct LockTimes: Sendable {
  /// Between writing a lock and looking for others: until then, everybody's listing shows it. Nothing where that is so at once.
  var settling = Duration.milliseconds(200)
  /// A lock is written anew this often.
  var refresh = Duration.seconds(5 * 60)
  /// After a refresh that failed.
  var retry = Duration.seconds(30)
  /// Without a refresh for so long, others may soon take the lock for a dead process's.
  var lost = Duration.seconds(22 * 60 + 30)
  /// Waits between attempts to get a lock.
  var attempts = Duration.milliseconds(500)...Duration.seconds(30)
}
