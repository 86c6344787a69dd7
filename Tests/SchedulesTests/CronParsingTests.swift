import TestSupport
import Testing
import TimeZones

@testable import Schedules

@Suite("Reading cron expressions")
struct CronParsingTests {
  static func values(_ values: CronValues) -> [Int] { (0..<64).filter(values.contains) }

  @Test("lists, ranges, steps and names")
  func fields() throws {
    let cron = try CronExpression("*/15,7 1-5,22 10-30/10 JAN,mar-May fri-sun")
    #expect(Self.values(cron.minutes) == [0, 7, 15, 30, 45])
    #expect(Self.values(cron.hours) == [1, 2, 3, 4, 5, 22])
    #expect(Self.values(cron.daysOfMonth) == [10, 20, 30])
    #expect(Self.values(cron.months) == [1, 3, 4, 5])
    #expect(Self.values(cron.daysOfWeek) == [0, 5, 6])
    #expect(!cron.followsElapsedTime)
    #expect(!cron.needsBothDays)
    #expect(cron.text == "*/15,7 1-5,22 10-30/10 JAN,mar-May fri-sun")
  }

  @Test(
    "Sunday is 0 and 7",
    arguments: [
      ("0", [0]), ("7", [0]), ("sun", [0]), ("5-7", [0, 5, 6]), ("0-7", Array(0...6)), ("*", Array(0...6)),
      ("*/2", [0, 2, 4, 6]),
    ])
  func sundays(field: String, days: [Int]) throws {
    #expect(Self.values(try CronExpression("0 0 * * \(field)").daysOfWeek) == days)
  }

  @Test(
    "nicknames stand for their fields",
    arguments: [
      ("@hourly", "0 * * * *"), ("@Daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@weekly", "0 0 * * 0"),
      ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"),
    ])
  func nicknames(name: String, fields: String) throws {
    let (short, long) = (try CronExpression(name), try CronExpression(fields))
    #expect(
      [short.minutes, short.hours, short.daysOfMonth, short.months, short.daysOfWeek]
        == [long.minutes, long.hours, long.daysOfMonth, long.months, long.daysOfWeek])
    #expect((short.followsElapsedTime, short.needsBothDays) == (long.followsElapsedTime, long.needsBothDays))
  }

  @Test(
    "mistakes are named with field, column and what to write",
    arguments: [
      ("0 25 * * *", "field 2 (hour), column 3: '25' is not between 0 and 23"),
      ("  60\t1 * * *", "field 1 (minute), column 3: '60' is not between 0 and 59"),
      ("0 0 0 * *", "field 3 (day of month), column 5: '0' is not between 1 and 31"),
      ("0 0 * 13 *", "field 4 (month), column 7: '13' is not between 1 and 12"),
      ("0 0 * * 8", "field 5 (day of week), column 9: '8' is not between 0 and 7"),
      (
        "0 0 * * 1,monday",
        "field 5 (day of week), column 11: 'monday' is not known: "
          + "expected a number from 0 to 7, or a name from sun to sat; did you mean 'mon'?"
      ),
      ("0 0 * agu *", "did you mean 'aug'?"), ("0 0 * * thr", "did you mean 'thu'?"),
      ("x * * * *", "field 1 (minute), column 1: 'x' is not known: expected a number from 0 to 59"),
      ("5/15 * * * *", "field 1 (minute), column 3: a step needs a range; write '5-59/15' or '*/15'"),
      ("*/0 * * * *", "column 3: the step '0' is not a number above 0"),
      ("*/ * * * *", "column 3: the step '' is not a number above 0"),
      ("*/1/2 * * * *", "the step '1/2' is not a number above 0"),
      ("*/90 * * * *", "the step 90 is longer than the field, which has 60 values; a step starts anew in each hour"),
      ("*/99999999999999999999 * * * *", "is longer than the field"),
      (
        "0 22-2 * * *",
        "field 2 (hour), column 3: the range '22-2' runs backwards; write '22-23,0-2' to go round the end"
      ),
      ("0 0 * * sat-mon", "write '6-6,0-1'"),
      ("1,,2 * * * *", "column 3: a value is missing beside a comma"), ("1, * * * *", "column 3: a value is missing"),
      ("1- * * * *", "column 3: a number is missing beside '-'"),
      ("-1 * * * *", "column 1: a number is missing beside '-'"),
      ("1-2-3 * * * *", "'2-3' is not known"), ("*-5 * * * *", "'*' is not known"), ("? 0 * * *", "'?' is not known"),
      ("0 0 L * *", "'L' is not known"), ("٣ 0 * * *", "is not known"),
      ("* * * *", "has 5 fields (minute hour day-of-month month day-of-week), but '* * * *' has 4"),
      ("0 0 0 * * *", "has 6"), ("", "'' has 0"),
      ("@dayly", "unknown cron expression '@dayly'; did you mean '@daily'?"),
      ("@reboot", "write one of @annually, @daily,"), ("@daily 5", "write one of"),
      ("0 0 31 2 *", "field 3 (day of month), column 5: no month of field 4 has a day '31', so it would never fire"),
      ("0 0 31 2,4,6,9,11 *", "would never fire"), ("0 0 30 2 */2", "would never fire"),
      (String(repeating: "1,", count: 600), "longer than 1000 bytes"),
    ])
  func mistakes(text: String, message: String) {
    let error = #expect(throws: CronError.self) { try CronExpression(text) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test(
    "what may fire only seldom is allowed",
    arguments: ["0 0 29 2 *", "0 0 31 2 mon", "0 0 29 2 */7", "*/60 */24 * * *"])
  func seldom(text: String) throws {
    #expect(try CronExpression(text).nextSlot(after: 1_700_000_000, in: .utc) != nil)
  }

  @Test("any text is read or refused, and never brings the process down")
  func garbage() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("cron garbage: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let alphabet = Array("0123456789*/-,,  @monjan?é\t")
    for _ in 0..<20_000 {
      let text = String(
        (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in alphabet.randomElement(using: &random) })
      if let cron = try? CronExpression(text) { #expect(cron.nextSlot(after: 0, in: .utc) != nil, "\(text)") }
    }
  }
}
