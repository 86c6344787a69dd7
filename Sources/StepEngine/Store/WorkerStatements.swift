internal import PostgresClient

/// The calls of the SQL protocol that workers make (sql/functions), each prepared once for a connection.
enum WorkerStatements {
  static let register = PostgresStatement(
    name: "register", "select holdfast.register($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    [.text, .int32, .textArray, .jsonb, .textArray, .text, .int32, .text, .double])

  static let exchange = PostgresStatement(
    name: "exchange",
    """
    select what, step_id, fence, lane_id, seq, body_id, name, attempt, wakes, time_limit_ms, item, context, payload
    from holdfast.exchange($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    """,
    [.int32, .int64Array, .int64Array, .textArray, .jsonbArray, .int32, .bool, .int32Array, .int64Array, .int32])

  static let heartbeat = PostgresStatement(
    name: "heartbeat", "select step_id, fence, stale, reason from holdfast.heartbeat($1, $2, $3, $4, $5)",
    [.int32, .int64Array, .int64Array, .bool, .bool])

  static let tick = PostgresStatement(name: "tick", "select holdfast.tick()")

  static let bodies = PostgresStatement(
    name: "bodies", "select body_id, uses, spec -> 'with', spec -> 'template' from holdfast.bodies($1)", [.int64Array])

  static let appendLog = PostgresStatement(
    name: "append_log", "select holdfast.append_log($1, $2, $3, $4)",
    [.int64Array, .int64Array, .int32Array, .textArray])

  static let putProgress = PostgresStatement(
    name: "put_progress", "select holdfast.put_progress($1, $2, $3)", [.int64Array, .int64Array, .jsonbArray])

  static let leave = PostgresStatement(name: "leave", "select holdfast.leave($1)", [.int32])
}
