import JSON
import Testing
import VolumeDrivers

@Suite struct VolumeSourceTests {
  @Test("a volume goes to JSON and comes back") func roundTrip() throws {
    let source = VolumeSource(
      application: "shop", name: "data", driver: "exec", path: "/srv/data", program: "/usr/lib/driver",
      options: ["pool": "fast"], snapshotFolder: "/var/snapshots")
    #expect(try VolumeSource(json: source.json) == source)
    let small = VolumeSource(application: "", name: "data", driver: "btrfs", path: "/srv")
    #expect(try VolumeSource(json: small.json) == small)
    #expect(small.json["program"] == nil)
  }

  @Test("members that a driver doesn't need are left alone") func unknownMembers() throws {
    let source = try VolumeSource(json: [
      "name": "data", "driver": "btrfs", "path": "/srv", "node": "a", "exclude": ["*.tmp"], "options": ["level": 3],
    ])
    #expect(source.options == ["level": "3"])
  }

  static let broken: [(JSONValue, String)] = [
    ("text", "object"), ([:], "name"), (["name": "a"], "driver"), (["name": "a", "driver": "btrfs"], "path"),
    (["name": "a", "driver": "btrfs", "path": "relative"], "absolute"),
    (["name": 3, "driver": "btrfs", "path": "/"], "name"),
    (["name": "a", "driver": "btrfs", "path": "/a\u{0}b"], "path"),
    (["name": "a", "driver": "btrfs", "path": "/", "options": ["x": ["y"]]], "option"),
    (["name": "a", "driver": "btrfs", "path": "/", "options": "x"], "options"),
    (["name": "a", "driver": "btrfs", "path": "/", "snapshotFolder": "here"], "snapshotFolder"),
  ]

  @Test("what is wrong with a volume is named", arguments: broken)
  func brokenVolumes(json: JSONValue, word: String) {
    let error = #expect(throws: DriverError.self) { try VolumeSource(json: json) }
    #expect(error?.kind == .permanent)
    #expect(error?.message.contains(word) == true)
  }

  @Test(
    "names that leave their folder, hide or control a terminal are refused",
    arguments: [
      "", ".", "..", ".hidden", "a/b", "../up", "a b", "a\n", "é", "-x", String(repeating: "a", count: 201),
    ])
  func badNames(name: String) {
    #expect(throws: DriverError.self) { try ObjectName.check(name) }
  }

  @Test("the names that are given to snapshots are allowed") func goodNames() throws {
    try ObjectName.check("hf-1234-data")
    try ObjectName.check("hf-1234-data.db_1-c")
    try ObjectName.check(String(repeating: "a", count: 200))
  }

  @Test("a driver that isn't there is named with those that are") func unknownDriver() {
    let error = #expect(throws: DriverError.self) { try Drivers.driver(named: "zfs\u{1b}", program: nil) }
    #expect(error?.message.contains("btrfs") == true)
    #expect(error?.message.contains("\u{1b}") == false)
  }
}
