internal import JSON
internal import PostgresClient
internal import Terminal

/// A line that a step printed.
struct LogLine: Sendable, Equatable {
  var stepID: Int64
  var step: String
  /// Which attempt of the step printed it, from 1.
  var attempt: Int
  var fence: Int64
  var number: Int
  var at: Moment
  var text: String
}

/// Which lines are wanted.
struct LogWish: Sendable, Equatable {
  var run: Int64
  /// A step, a group or all instances of a group's step, by name.
  var step: String?
  var attempt: Int?
  var since: Moment?
  /// Only so many, the last ones.
  var tail: Int?
}

extension RunReader {
  /// $1: the run, $2: a name or null, $3: an attempt or null, $4: a moment or null, $5: how many, the last ones.
  ///
  /// A name stands for the step, for the steps of a group, or for the instances of one of these (GROUP.STEP). Attempts are
  /// counted as the status counts them: parked and handed back is not tried.
  private static let logLines = PostgresStatement(
    """
    with line as materialized (
      select g.step_id, g.step, g.fence, g.line, g.at, g.text
      from holdfast.step_output_log g
      where g.run_id = $1
        and ($2::text is null or g.step = $2 or starts_with(g.step, $2 || '[')
          or regexp_replace(g.step, '\\[[0-9]+\\]', '', 'g') = $2)
        and ($4::timestamptz is null or g.at >= $4)
    ), numbered as (
      select p.step_id, p.fence, 1 + (
        select count(*)::int from holdfast.attempt_log a
        where a.run_id = $1 and a.step_id = p.step_id and a.fence < p.fence and a.worker_id is not null
          and a.state not in ('parked', 'returned')) as attempt
      from (select distinct l.step_id, l.fence from line l) p
    )
    select w.step_id, w.step, w.attempt, w.fence, w.line, w.at, w.text
    from (
      select l.*, n.attempt
      from line l join numbered n on n.step_id = l.step_id and n.fence = l.fence
      where $3::int is null or n.attempt = $3
      order by l.at desc, l.step_id desc, l.fence desc, l.line desc
      limit $5
    ) w
    order by w.at, w.step_id, w.fence, w.line
    """)

  /// The lines, in the order in which they came.
  func log(_ wish: LogWish) async throws -> [LogLine] {
    try await pool.withConnection { connection in
      let parameters: [PostgresValue] = [
        .int64(wish.run), wish.step.map { .text($0) } ?? .null,
        wish.attempt.map { .int32(Int32(clamping: $0)) } ?? .null,
        wish.since.map { .timestamp($0.microseconds) } ?? .null, wish.tail.map { .int64(Int64($0)) } ?? .null,
      ]
      return try await connection.query(Self.logLines, parameters).map { row in
        LogLine(
          stepID: try row.int64(0), step: try row.string(1), attempt: Int(try row.int32(2)), fence: try row.int64(3),
          number: Int(try row.int32(4)), at: try row.moment(5), text: try row.string(6))
      }
    }
  }
}

/// Writes lines of logs, each with its time and step, and a line between two attempts of a step.
struct LogWriter: Sendable {
  var style: TextStyle
  /// Whether there is but one step, so that its name says nothing.
  var hidesStep = false
  private var attempts: [Int64: Int] = [:]
  private var width = 0

  init(style: TextStyle, hidesStep: Bool = false) {
    self.style = style
    self.hidesStep = hidesStep
  }

  /// The lines as text.
  mutating func text(_ lines: [LogLine]) -> String {
    var text = ""
    if !hidesStep { width = max(width, min(30, lines.map { displayWidth($0.step) }.max() ?? 0)) }
    for line in lines {
      let emphasis = Self.colors[Int(line.stepID % Int64(Self.colors.count))]
      if attempts.updateValue(line.attempt, forKey: line.stepID) ?? 1 != line.attempt {
        text += style.emphasized("─── \(line.step), attempt \(line.attempt)", .bold) + "\n"
      }
      let name = hidesStep ? "" : " " + style.emphasized(padded(shortened(line.step, to: width), to: width), emphasis)
      // On a terminal what a step printed must not move the cursor; a file gets it as it is.
      let content = style.columns == nil ? line.text : printable(line.text)
      text += style.emphasized(timeOfDay(line.at), .faint) + name + "  " + content + "\n"
    }
    return text
  }

  private static let colors: [TextStyle.Emphasis?] = [.blue, .green, .yellow, nil]

  private func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.filter { $0 == "\t" || $0.properties.generalCategory != .control }))
  }
}

extension LogLine {
  /// The line for programs.
  var json: JSONValue {
    [
      "at": .string(at.iso8601), "step": .string(step), "attempt": .int(Int64(attempt)), "line": .int(Int64(number)),
      "text": .string(text),
    ]
  }
}
