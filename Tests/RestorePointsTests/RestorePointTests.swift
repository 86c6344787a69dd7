import JSON
import PostgresClient
import ResticFormat
import RestorePoints
import TestSupport
import Testing

@Suite("Restore points as JSON")
struct RestorePointTests {
  private static let full: JSONValue = [
    "name": "shop-1", "application": "shop", "policy": "nightly", "profile": "vault", "run": 17,
    "createdAt": "2026-11-28T14:22:33.5+01:00", "consistency": "application", "artifacts": ["lsn": "0/15", "n": 3],
    "expiresAt": "2026-12-28T00:00:00Z", "lockUntil": "2026-12-01T00:00:00Z",
    "volumes": [
      [
        "name": "data", "driver": "btrfs", "node": "n1", "source": ["path": "/srv/data"], "snapshot": "hf-17-data",
        "export": "00000000000000000000000000000000000000000000000000000000000000ff", "bytes": 1000, "addedBytes": 10,
        "files": 7,
      ],
      ["name": "wal", "driver": "", "source": [:], "snapshot": "hf-17-wal", "bytes": 0, "addedBytes": 0, "files": 0],
    ],
  ]

  @Test("a point comes back from its JSON as it was")
  func roundTrip() throws {
    let point = try RestorePoint(json: Self.full)
    #expect(point.json == Self.full)
    #expect(point.volumes.map(\.name) == ["data", "wal"] && point.consistency == .application && point.run == 17)
    #expect(try RestorePoint(json: JSONValue(parsing: point.json.text)) == point)
  }

  @Test("members of a later version are passed over")
  func later() throws {
    guard case .object(var members) = Self.full, case .array(var volumes) = members["volumes"],
      case .object(var volume) = volumes[0]
    else { return }
    volume["colour"] = "red"
    volumes[0] = .object(volume)
    members["volumes"] = .array(volumes)
    members["later"] = [1, 2]
    members["policy"] = .null
    var expected = try RestorePoint(json: Self.full)
    expected.policy = nil
    #expect(try RestorePoint(json: .object(members)) == expected)
  }

  /// Every member of a document in turn, replaced by something that it can't be.
  private func damaged(_ value: JSONValue, by replacement: JSONValue) -> [JSONValue] {
    switch value {
    case .object(let members):
      return members.flatMap { key, member in
        (damaged(member, by: replacement) + [replacement]).map { changed in
          var copy = members
          copy[key] = changed
          return JSONValue.object(copy)
        }
      }
    case .array(let elements):
      return elements.indices.flatMap { index in
        (damaged(elements[index], by: replacement) + [replacement]).map { changed in
          var copy = elements
          copy[index] = changed
          return JSONValue.array(copy)
        }
      }
    default: return []
    }
  }

  @Test("hostile JSON is a point or an error, here as in PostgreSQL")
  func hostile() async throws {
    let replacements: [JSONValue] = [
      .null, -1, 1e300, "", "x", [], [:], [[:]], true, "2026-99-99T00:00:00Z", "../../etc", "..", "a\nb",
    ]
    try await withCatalogue { (catalogue) async throws in
      for json in replacements.flatMap({ damaged(Self.full, by: $0) + [$0] }) {
        let point = try? RestorePoint(json: json)
        let problem = try await catalogue.pool.withConnection { connection in
          try await connection.query("select holdfast.point_problem($1)", [.jsonb(json.text)]).single().optionalString(
            0)
        }
        // Both see the same mistakes, so that what is sealed can always be imported.
        if point != nil { #expect(problem == nil, "\(json.text)") }
        if let point {
          #expect(try RestorePoint(json: JSONValue(parsing: point.json.text)) == point)
        }
      }
    }
  }

  @Test("a volume's name is one that a folder can have, here as in PostgreSQL")
  func volumeNames() async throws {
    let bad = ["../../etc", "/etc", "a/b", "..", ".", "a\nb", "a\tb", "\u{1B}[2J", "a\u{7F}", "a\u{1}"]
    let good = ["data", "a..b", ".a", "Data 2", "dätä", "a\u{301}", "\u{2028}"]
    try await withCatalogue { (catalogue) async throws in
      for name in bad + good {
        guard case .object(var members) = Self.full, case .array(var volumes) = members["volumes"],
          case .object(var volume) = volumes[0]
        else { return }
        volume["name"] = .string(name)
        volumes[0] = .object(volume)
        members["volumes"] = .array(volumes)
        let json = JSONValue.object(members)
        let problem = try await catalogue.pool.withConnection { connection in
          try await connection.query("select holdfast.point_problem($1)", [.jsonb(json.text)]).single().optionalString(
            0)
        }
        #expect((problem == nil) == good.contains(name), "\(json.text)")
        #expect(((try? RestorePoint(json: json)) != nil) == good.contains(name), "\(json.text)")
        #expect(problem?.hasSuffix("is no name for a volume, since no folder can have it") ?? true, "\(json.text)")
      }
    }
  }

  @Test("a name follows from application, time and run")
  func name() {
    let time = moment("2026-11-28T23:59:01.9-01:00")
    #expect(RestorePoint.name(application: "shop", createdAt: time, run: 2524 << 28 | 17) == "shop-20261129-005901-17")
  }
}
