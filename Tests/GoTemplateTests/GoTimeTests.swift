import Testing
import TimeZones

@testable import GoTemplate

@Suite("Times and durations")
struct GoTimeTests {
  static let leapDay = GoTime(seconds: 1_709_211_845, nanoseconds: 123_456_789)  // 2024-02-29T13:04:05.123456789Z

  @Test(
    "layouts print pieces of the reference time, and copy everything else",
    arguments: [
      ("2006-01-02T15:04:05.999999999Z07:00", "2024-02-29T13:04:05.123456789Z"), ("20060102150405", "20240229130405"),
      ("3:04PM", "1:04PM"), ("03:4:5 pm", "01:4:5 pm"), ("05.000 05,0 05.9", "05.123 05,1 05.1"),
      ("January Jan Janet", "February Feb Janet"), ("Monday Mon Mont", "Thursday Thu Mont"), ("06 1 2", "24 2 29"),
      ("Z0700 Z07 -07 -0700 -07:00 Z070000 -07:00:00", "Z Z +00 +0000 +00:00 Z +00:00:00"),
      ("%Y t z GMT", "%Y t z GMT"),
      ("_2006 _2 __2 002", "_2024 29  60 060"), ("MST", "UTC"), ("05.0001", "05.0002"), ("", ""),
    ])
  func formatting(layout: String, expected: String) {
    #expect(Self.leapDay.formatted(layout) == expected)
  }

  @Test(
    "times are shown in their zone",
    arguments: [
      ("Asia/Kolkata", "18:34 IST +0530"), ("Europe/Berlin", "14:04 CET +0100"),
      ("America/Sao_Paulo", "10:04 -03 -0300"),
    ])
  func zones(zone: String, expected: String) throws {
    let rules = try TimeZoneDatabase.system.zone(named: zone)
    #expect(Self.leapDay.shown(in: .rules(rules)).formatted("15:04 MST -0700") == expected)
    let bare = GoTime(seconds: 0, zone: .fixed(offset: -27000, name: ""))
    #expect(bare.text == "1969-12-31 16:30:00 -0730 -0730")
  }

  @Test(
    "texts are read by layout",
    arguments: [
      ("2006-01-02", "2017-12-31", "2017-12-31 00:00:00 +0000 UTC"),
      ("2006-01-02T15:04:05Z07:00", "2023-07-14T15:09:26.5-07:00", "2023-07-14 15:09:26.5 -0700 -0700"),
      ("2006-01-02T15:04:05Z07:00", "2024-01-02T3:04:05Z", "2024-01-02 03:04:05 +0000 UTC"),
      ("2006-01-02T15:04:05.000Z07:00", "2024-02-29T13:04:05.120Z", "2024-02-29 13:04:05.12 +0000 UTC"),
      ("Jan _2 2006", "mar  7 2021", "2021-03-07 00:00:00 +0000 UTC"),
      ("Monday, January 2 2006", "Friday, March 5 2021", "2021-03-05 00:00:00 +0000 UTC"),
      ("3:04 PM", "12:30 AM", "0000-01-01 00:30:00 +0000 UTC"),
      ("06-01-02", "69-01-01", "1969-01-01 00:00:00 +0000 UTC"),
      ("06-01-02", "68-01-01", "2068-01-01 00:00:00 +0000 UTC"),
      ("2006 002", "2024 060", "2024-02-29 00:00:00 +0000 UTC"),
      ("15:04 MST", "10:00 CEST", "0000-01-01 10:00:00 +0000 CEST"),
      ("15:04 MST", "10:00 GMT+3", "0000-01-01 13:00:00 +0300 GMT+3"),
      ("05.999", "07", "0000-01-01 00:00:07 +0000 UTC"), ("05,999", "07,25", "0000-01-01 00:00:07.25 +0000 UTC"),
      ("2006 -07:00", "2024 +00:00", "2024-01-01 00:00:00 +0000 UTC"),
    ])
  func parsing(layout: String, text: String, expected: String) throws {
    #expect(try GoTime(parsing: text, layout: layout).text == expected)
  }

  @Test(
    "what does not fit a layout is refused",
    arguments: [
      ("2006-01-02", "2024-01-02 extra"), ("2006-01-02", "2023-02-29"), ("2006-01-02", "24-01-02"), ("Jan", "Sept"),
      ("mon Jan 2 2006", "MON jan 4 2021"), ("2006-01-02T15:04:05Z07:00", "2024-01-02T03:04:05z"), ("15:04", "24:00"),
      ("2006-01-02T15:04:05.000Z07:00", "2024-02-29T13:04:05.123456789Z"), ("01", "1"), ("2006 002", "2023 366"),
      ("15:04 MST", "10:00 x"), ("-07:00", "+0100"), ("PM", "pm"),
    ])
  func refusing(layout: String, text: String) {
    #expect(throws: TimeParseError.self) { try GoTime(parsing: text, layout: layout) }
  }

  @Test(
    "durations are read and printed",
    arguments: [
      ("1h30m", "1h30m0s"), ("-1ns", "-1ns"), ("1.5s", "1.5s"), ("90s", "1m30s"), ("300ms", "300ms"), ("1us", "1µs"),
      ("0", "0s"), (".5h", "30m0s"), ("1.000001ms", "1.000001ms"), ("+72h", "72h0m0s"),
      ("9223372036854775807ns", "2562047h47m16.854775807s"), ("-9223372036854775808ns", "-2562047h47m16.854775808s"),
      ("nonsense", nil), ("", nil), ("1", nil), ("1x", nil), (".s", nil), ("9223372036854775808ns", nil),
      ("300000000h", nil),
      ("-", nil), ("1h 2m", nil),
    ] as [(String, String?)])
  func durations(text: String, expected: String?) {
    #expect(GoDuration(parsing: text)?.text == expected)
  }

  @Test("arithmetic carries over and stays within bounds")
  func arithmetic() {
    #expect(GoTime(seconds: 0).adding(GoDuration(nanoseconds: -1)).text == "1969-12-31 23:59:59.999999999 +0000 UTC")
    #expect(GoTime(seconds: .max).since(GoTime(seconds: .min)).nanoseconds == .max)
    #expect(GoTime(seconds: .max).adding(GoDuration(nanoseconds: .max)).formatted("01") != "")
    #expect(GoTime(seconds: 5).since(GoTime(seconds: 3, nanoseconds: 1)).text == "1.999999999s")
    #expect(GoDuration(nanoseconds: .min).roundedToSeconds.nanoseconds < 0)
    #expect(GoDuration(nanoseconds: .min).roundedToUnit == "292y")
    #expect(GoTime.zero.text == "0001-01-01 00:00:00 +0000 UTC")
  }
}
