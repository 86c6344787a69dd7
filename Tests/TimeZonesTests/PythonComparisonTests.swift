import Foundation
import TestSupport
import Testing

@testable import TimeZones

/// Compares every zone with what Python's zoneinfo makes of the same files.
@Suite("Time zones against Python")
struct PythonComparisonTests {
  static let script = """
    import sys, datetime, zoneinfo
    epoch = datetime.datetime(1970, 1, 1)
    for line in sys.stdin:
        name, kind, number = line.split()
        zone = zoneinfo.ZoneInfo(name)
        moment = epoch + datetime.timedelta(seconds=int(number))
        if kind == "instant":
            there = moment.replace(tzinfo=datetime.timezone.utc).astimezone(zone)
            print(int(there.utcoffset().total_seconds()), there.tzname())
        else:
            print(*(int(moment.replace(tzinfo=zone, fold=fold).utcoffset().total_seconds()) for fold in (0, 1)))
    """

  static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(
    "all zones agree on offsets, on their names and on wall-clock times",
    .enabled(if: python != nil, "python3 is not installed"))
  func comparison() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("python comparison: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let database = TimeZoneDatabase(folders: ["/usr/share/zoneinfo"])
    let names = database.names()
    #expect(names.count > 300)

    var questions: [(zone: TimeZoneRules, isInstant: Bool, number: Int64)] = []
    for name in names {
      let zone = try database.zone(named: name)
      for _ in 0..<30 {
        let instant = Int64.random(in: -4_000_000_000...8_000_000_000, using: &random)
        questions.append((zone, true, instant))
        questions.append((zone, false, instant))
        // Around changes it matters most; from the instant on, whether of the table or of the footer.
        let change = zone.period(at: instant).end
        guard change < 9_000_000_000 else { continue }
        let offset = zone.offset(at: change)
        for delta: Int64 in [-7200, -1800, -1, 0, 1, 1800, 7200] {
          questions.append((zone, true, change + delta))
          questions.append((zone, false, change + delta + offset))
        }
      }
    }

    let folder = FileManager.default.temporaryDirectory.appending(path: "holdfast-zones-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appending(path: "questions")
    let output = folder.appending(path: "answers")
    let text = questions.map { "\($0.zone.name) \($0.isInstant ? "instant" : "wall") \($0.number)\n" }.joined()
    try Data(text.utf8).write(to: input)
    try Data().write(to: output)
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.python))
    process.arguments = ["-c", Self.script]
    process.environment = ["PYTHONTZPATH": "/usr/share/zoneinfo"]
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)

    let answers = try String(contentsOf: output, encoding: .utf8).split(separator: "\n")
    try #require(answers.count == questions.count)
    var differences = 0
    for (question, answer) in zip(questions, answers) {
      let words = answer.split(separator: " ")
      let offsets = words.map { Int64($0) ?? 0 }
      let agrees =
        question.isInstant
        ? question.zone.offset(at: question.number) == offsets[0]
          && question.zone.abbreviation(at: question.number) == words[1]
        : agree(question.zone, wall: question.number, before: offsets[0], after: offsets[1])
      if !agrees {
        differences += 1
        if differences < 10 {
          Issue.record("\(question.zone.name) \(question.isInstant) \(question.number): python \(answer)")
        }
      }
    }
    #expect(differences == 0)
    print("python comparison: \(questions.count) questions over \(names.count) zones")
  }

  /// Python names the offsets before and after a change; here it is instants.
  private func agree(_ zone: TimeZoneRules, wall: Int64, before: Int64, after: Int64) -> Bool {
    switch zone.instants(of: CivilTime(wallSeconds: wall)) {
    case .unique(let instant): before == after && instant == wall - before
    case .ambiguous(let first, let second): before > after && first == wall - before && second == wall - after
    case .skipped(let change):
      before < after && zone.offset(at: change - 1) == before && zone.offset(at: change) == after
        && wall - after < change && change <= wall - before
    }
  }
}
