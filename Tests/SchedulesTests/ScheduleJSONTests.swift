import JSON
import Testing
import TimeZones

@testable import Schedules

@Suite("Schedules as JSON")
struct ScheduleJSONTests {
  @Test("every key is read, and written back")
  func roundTrip() throws {
    let json = try JSONValue(
      parsing: """
        {"cron": "0 2 * * *", "timeZone": "Europe/Berlin", "jitterSeconds": 60, "graceSeconds": 30, "catchUp": "all",
         "catchUpLimit": 5, "overlap": "queue", "windows": [{"days": "mon-fri", "from": "22:00", "to": "06:05",
         "timeZone": "America/New_York"}, {"days": "*", "from": "00:00", "to": "24:00"}]}
        """)
    let rules = try ScheduleRules(json: json)
    #expect(rules.json == json)
    #expect(try ScheduleRules(json: rules.json) == rules)
    #expect(rules.windows.map(\.from) == [1320, 0] && rules.windows.map(\.to) == [365, 1440])
    #expect(rules.windows[0].timeZone?.name == "America/New_York")
  }

  @Test("all but the cron expression has a default")
  func defaults() throws {
    let rules = try ScheduleRules(json: ["cron": "@daily", "windows": nil])
    #expect(rules == ScheduleRules(cron: try CronExpression("@daily"), timeZone: .utc))
  }

  @Test(
    "mistakes name their key",
    arguments: [
      ("[]", "schedule: not an object"), ("{}", "schedule key 'cron': missing"),
      (#"{"cron": 5}"#, "schedule key 'cron': not a string"),
      (#"{"cron": "0 25 * * *"}"#, "schedule key 'cron': field 2 (hour), column 3: '25' is not between 0 and 23"),
      (#"{"cron": "@daily", "timezone": "UTC"}"#, "schedule: unknown key 'timezone'; did you mean 'timeZone'?"),
      (#"{"cron": "@daily", "x": 1}"#, "the keys are cron, timeZone"),
      (
        #"{"cron": "@daily", "timeZone": "Berlin"}"#,
        "key 'timeZone': unknown time zone 'Berlin'; did you mean 'Europe/Berlin'?"
      ),
      (#"{"cron": "@daily", "jitterSeconds": -1}"#, "key 'jitterSeconds': not a whole number from 0 to 43200"),
      (#"{"cron": "@daily", "jitterSeconds": 1.5}"#, "key 'jitterSeconds': not a whole number"),
      (#"{"cron": "@daily", "catchUpLimit": 0}"#, "key 'catchUpLimit': not a whole number from 1 to 1000"),
      (#"{"cron": "@daily", "catchUp": "last"}"#, "key 'catchUp': 'last' is not 'none', 'latest' or 'all'"),
      (#"{"cron": "@daily", "overlap": true}"#, "key 'overlap': not a string"),
      (#"{"cron": "@daily", "windows": {}}"#, "key 'windows': not a list"),
      (#"{"cron": "@daily", "windows": ["22:00"]}"#, "key 'windows[0]': not an object"),
      (#"{"cron": "@daily", "windows": [{"from": "22:00"}]}"#, "key 'windows[0].to': missing"),
      (
        #"{"cron": "@daily", "windows": [{"from": "22:00", "to": "22:00"}]}"#,
        "key 'windows[0].to': the window opens and closes"
      ),
      (
        #"{"cron": "@daily", "windows": [{"from": "24:00", "to": "22:00"}]}"#,
        "'24:00' is not a time of day from 00:00 to 23:59"
      ),
      (#"{"cron": "@daily", "windows": [{"from": "9:00", "to": "22:00"}]}"#, "'9:00' is not a time of day"),
      (#"{"cron": "@daily", "windows": [{"from": "+9:00", "to": "22:00"}]}"#, "'+9:00' is not a time of day"),
      (
        #"{"cron": "@daily", "windows": [{"days": "mon-fry", "from": "21:00", "to": "22:00"}]}"#,
        "key 'windows[0].days': 'fry' is not known"
      ),
      (
        #"{"cron": "@daily", "windows": [{"day": "mon", "from": "21:00", "to": "22:00"}]}"#,
        "key 'windows[0]': unknown key 'day'; did you mean 'days'?"
      ),
    ])
  func mistakes(text: String, message: String) throws {
    let json = try JSONValue(parsing: text)
    let error = #expect(throws: ScheduleError.self) { try ScheduleRules(json: json) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}
