internal import JSON
internal import PostgresClient
internal import Terminal

/// A snapshot or clone on a volume that the ledger does not know: `holdfast ledger --unknown`.
struct UnknownObject: Sendable {
  var node: String
  var application: String
  var volume: String
  var driver: String
  var kind: String
  var name: String
  var bytes: Int64?
  var made: Moment?
  var firstSeen: Moment
  var seen: Moment

  static let statement = """
    select node, application, volume, driver, kind, name, bytes, made_at, first_seen_at, seen_at
    from holdfast.unknown_objects
    order by node, application, volume, coalesce(made_at, first_seen_at), name limit $1
    """

  @Sendable init(_ row: PostgresRow) throws {
    node = try row.string(0)
    application = try row.string(1)
    volume = try row.string(2)
    driver = try row.string(3)
    kind = try row.string(4)
    name = try row.string(5)
    bytes = try row.optionalInt64(6)
    made = try row.optionalMoment(7)
    firstSeen = try row.moment(8)
    seen = try row.moment(9)
  }

  static func listing(now: Moment) -> Listing<UnknownObject> {
    Listing(
      nothing: "no volume has anything that the ledger does not know",
      columns: [
        (.init("NODE"), { .init($0.node) }), (.init("VOLUME"), { .init("\($0.application)/\($0.volume)") }),
        (.init("KIND"), { .init($0.kind) }), (.init("NAME", isFlexible: true), { .init($0.name) }),
        (.init("DRIVER", isExtra: true), { .init($0.driver) }),
        (.init("SIZE", isRight: true, isExtra: true), { .init($0.bytes.map { byteText(Int($0)) }) }),
        (.init("MADE"), { .init($0.made?.ago(from: now)) }), (.init("SEEN"), { .init($0.seen.ago(from: now)) }),
      ],
      name: { $0.name },
      json: { object in
        [
          "node": .string(object.node), "application": .string(object.application), "volume": .string(object.volume),
          "driver": .string(object.driver), "kind": .string(object.kind), "name": .string(object.name),
          "bytes": .init(object.bytes), "madeAt": .init(object.made), "firstSeenAt": .init(object.firstSeen),
          "seenAt": .init(object.seen),
        ]
      })
  }
}
