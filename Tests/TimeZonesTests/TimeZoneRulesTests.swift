import Foundation
import TestSupport
import Testing

@testable import TimeZones

@Suite("Time zones")
struct TimeZoneRulesTests {
  let zones = TimeZoneDatabase.system

  @Test("day numbers and dates agree, both ways, over every day of 2,400 years")
  func calendar() {
    var expected: Int64 = dayNumber(year: 1, month: 1, day: 1)
    #expect(expected == -719_162)
    for year in 1...2400 {
      for month in 1...12 {
        for day in 1...daysIn(month: month, of: year) {
          guard dayNumber(year: year, month: month, day: day) == expected,
            civilDate(ofDay: expected) == (year, month, day)
          else {
            Issue.record("\(year)-\(month)-\(day) is day \(expected)")
            return
          }
          expected += 1
        }
      }
    }
    #expect(weekday(ofDay: dayNumber(year: 2026, month: 3, day: 29)) == 0)
  }

  @Test("a clock set forward skips, one set back shows times twice")
  func berlin() throws {
    let berlin = try zones.zone(named: "Europe/Berlin")
    let forward = CivilTime(2026, 3, 29, 1).wallSeconds  // 01:00 UTC, 02:00 -> 03:00
    #expect(berlin.offset(at: forward - 1) == 3600)
    #expect(berlin.offset(at: forward) == 7200)
    #expect(berlin.instants(of: CivilTime(2026, 3, 29, 2, 30)) == .skipped(transition: forward))
    #expect(berlin.instants(of: CivilTime(2026, 3, 29, 2)) == .skipped(transition: forward))
    #expect(berlin.instants(of: CivilTime(2026, 3, 29, 3)) == .unique(forward))
    let back = CivilTime(2026, 10, 25, 1).wallSeconds  // 01:00 UTC, 03:00 -> 02:00
    #expect(berlin.instants(of: CivilTime(2026, 10, 25, 2, 30)) == .ambiguous(first: back - 1800, second: back + 1800))
    #expect(berlin.instants(of: CivilTime(2026, 10, 25, 3)) == .unique(back + 3600))
    #expect(berlin.civilTime(at: back) == CivilTime(2026, 10, 25, 2))
    // Far past the table's end the footer's rule holds.
    #expect(berlin.instants(of: CivilTime(2999, 7, 1, 12)) == .unique(CivilTime(2999, 7, 1, 10).wallSeconds))
  }

  @Test("Apia skipped 2011-12-30 altogether")
  func apia() throws {
    let apia = try zones.zone(named: "Pacific/Apia")
    let skip = CivilTime(2011, 12, 30, 10).wallSeconds
    #expect(apia.instants(of: CivilTime(2011, 12, 30, 12)) == .skipped(transition: skip))
    #expect(apia.civilTime(at: skip - 1) == CivilTime(2011, 12, 29, 23, 59, 59))
    #expect(apia.civilTime(at: skip) == CivilTime(2011, 12, 31))
  }

  @Test("UTC needs no data; extreme instants do no harm")
  func utc() throws {
    let none = TimeZoneDatabase(folders: ["/nonexistent"])
    #expect(try none.zone(named: "UTC").offset(at: 0) == 0)
    let berlin = try zones.zone(named: "Europe/Berlin")
    for instant in [Int64.min, .min + 1, .max - 1, .max] {
      #expect(abs(berlin.offset(at: instant)) <= 7200)
      _ = berlin.civilTime(at: instant)
      _ = berlin.firstInstant(reaching: instant)
    }
  }

  @Test(
    "a name that is no zone is refused with the nearest ones",
    arguments: [
      ("Europe/Berln", "unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'"),
      ("berlin", "did you mean 'Europe/Berlin'?"),
      ("europe/berlin", "did you mean 'Europe/Berlin'"),
      ("../../etc/passwd", "unknown time zone '../../etc/passwd'"),
      ("/etc/localtime", "unknown"), ("Europe", "unknown"), ("Europe/", "unknown"), ("", "unknown"), (".", "unknown"),
      ("localtime", "unknown"), ("posixrules", "unknown"), ("right/Europe/Berlin", "unknown"), ("zone.tab", "unknown"),
      ("Europe/Ber\nlin\u{1b}[31m", "'Europe/Ber\u{FFFD}lin\u{FFFD}[31m'"), ("Europe/Berlin\0", "\u{FFFD}"),
      (String(repeating: "A", count: 100_000), "AAA…'"),
    ])
  func unknownNames(name: String, message: String) {
    let error = #expect(throws: TimeZoneError.self) { try zones.zone(named: name) }
    #expect(error?.kind == .unknownName)
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test("a machine without tzdata is told to install it")
  func noData() {
    let none = TimeZoneDatabase(folders: ["/nonexistent"])
    let error = #expect(throws: TimeZoneError.self) { try none.zone(named: "Europe/Berlin") }
    #expect(error?.kind == .noData)
    #expect(error?.description == "no time zone data for 'Europe/Berlin' in /nonexistent; install tzdata")
  }

  @Test("damaged files are refused, never followed")
  func damaged() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("damaged files: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let sound = Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
    for length in 0..<sound.count {
      #expect(throws: TZifError.self) { try TZif.parse(Array(sound.prefix(length)), name: "x") }
    }
    for _ in 0..<20_000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        // Half of the time in a header, where it hurts most.
        let end = Bool.random(using: &random) ? 44 : bytes.count
        bytes[Int.random(in: 0..<end, using: &random)] = .random(in: 0...255, using: &random)
      }
      guard let zone = try? TZif.parse(bytes, name: "x") else { continue }
      _ = zone.instants(of: CivilTime(wallSeconds: .random(in: -4_000_000_000...4_000_000_000, using: &random)))
    }
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        Array("AZ<>+-0129:,/MJ.\n".utf8).randomElement(using: &random) ?? 0
      }
      if let rule = PosixTimeZone(text) { _ = rule.period(at: 0) }
    }
  }

  @Test(
    "rules past the table",
    arguments: [
      ("UTC0", 0, 0, 0), ("<+0530>-5:30", 0, 19800, 19800),
      ("EST5EDT,M3.2.0,M11.1.0", 2100, -18000, -14400),
      ("IST-1GMT0,M10.5.0,M3.5.0/1", 2100, 0, 3600),  // Dublin: winter is the exception
      ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2100, -7200, -3600),  // Nuuk: a time before midnight
      ("XXX3EDT4,0/0,J365/23", 2100, -14400, -14400),  // summer time all year round
      ("AEST-10AEDT,J274,J60/3", 2100, 39600, 36000),
    ])
  func footers(text: String, year: Int, january: Int64, july: Int64) throws {
    let rule = try #require(PosixTimeZone(text.utf8))
    #expect(rule.period(at: CivilTime(year, 1, 15).wallSeconds).offset == january)
    #expect(rule.period(at: CivilTime(year, 7, 15).wallSeconds).offset == july)
  }

  @Test(
    "what is no rule",
    arguments: [
      "", "A", "UTC", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST25",
      "EST5 ",
    ])
  func noFooters(text: String) {
    #expect(PosixTimeZone(text.utf8) == nil)
  }
}
