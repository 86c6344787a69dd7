internal import JSON
internal import RestorePoints
internal import ResticFormat
internal import Terminal

/// A restore point in full, for people.
struct PointText {
  private let catalogued: CataloguedPoint
  private let now: Moment

  init(_ point: CataloguedPoint, now: Moment) {
    catalogued = point
    self.now = now
  }

  func lines(_ style: TextStyle) -> [String] {
    let width = facts.map(\.0.count).max() ?? 0
    var lines = facts.map { name, cell in
      let gap = String(repeating: " ", count: width - name.count + 2)
      return style.bold(name) + gap + style.emphasized(cell.text, cell.emphasis)
    }
    if !catalogued.point.volumes.isEmpty { lines += [""] + volumes.lines(style) }
    if !catalogued.point.artifacts.isEmpty { lines += [""] + artifacts.lines(style) }
    return lines
  }

  private var facts: [(String, Table.Cell)] {
    let point = catalogued.point
    let created = Moment(catalogued.createdAt)
    var facts: [(String, Table.Cell)] = [
      ("POINT", .init(point.name)), ("APPLICATION", .init(point.application)),
      ("STATE", .state(catalogued.state.rawValue)),
      ("CREATED", .init("\(created.text) UTC, \(created.ago(from: now))")),
      ("CONSISTENCY", .init(consistency)),
    ]
    func add(_ name: String, _ text: String?, _ emphasis: TextStyle.Emphasis? = nil) {
      if let text { facts.append((name, .init(text, emphasis))) }
    }
    add("POLICY", point.policy)
    add("PROFILE", point.profile)
    add("RUN", point.run.map(String.init))
    add("REASON", catalogued.reason)
    add("PINNED", catalogued.isPinned ? "yes" : nil)
    add("ADOPTED", catalogued.importReason.map { "no: " + $0 }, .yellow)
    add("IN USE BY", catalogued.heldBy.isEmpty ? nil : catalogued.heldBy.map { "run \($0)" }.joined(separator: ", "))
    add("EXPIRES", catalogued.expiresAt.map { Moment($0).text + " UTC" })
    add("LOCKED UNTIL", point.lockUntil.map { Moment($0).text + " UTC" })
    if let isOK = catalogued.verifiedOK, let at = catalogued.verifiedAt {
      let time = catalogued.recoverySeconds.map { ", restored in \(durationText(.seconds($0)))" } ?? ""
      add(
        "VERIFIED", (isOK ? "good" : "bad") + ", \(Moment(at).ago(from: now))\(time)", isOK ? .green : .red)
    }
    add("LAST DRILL", catalogued.drillProblem.map { "could not be done: " + $0 }, .yellow)
    return facts
  }

  private var consistency: String {
    switch catalogued.point.consistency {
    case .application: "application: it was brought to rest for it"
    case .crash: "crash: as after a power cut"
    case .none: "none: read while it changed"
    }
  }

  private var volumes: Table {
    Table(
      [
        .init("VOLUME"), .init("DRIVER", isExtra: true), .init("NODE"), .init("FILES", isRight: true, isExtra: true),
        .init("SIZE", isRight: true), .init("ADDED", isRight: true, isExtra: true), .init("SNAPSHOT", isFlexible: true),
        .init("EXPORT"),
      ],
      rows: catalogued.point.volumes.map { volume in
        [
          .init(volume.name), .init(volume.driver), .init(volume.node), .init(groupedText(Int(volume.files))),
          .init(byteText(Int(volume.bytes))), .init(byteText(Int(volume.addedBytes))),
          part(volume.snapshot, catalogued.snapshots[volume.name]),
          part(volume.export.map { String($0.prefix(8)) }, catalogued.exports[volume.name]),
        ]
      })
  }

  /// A snapshot or an export, and that it is gone if so.
  private func part(_ name: String?, _ state: CataloguedPoint.Part?) -> Table.Cell {
    guard let name else { return .init(nil) }
    switch state {
    case .missing: return .init("\(name) (missing)", .red)
    case .released: return .init("\(name) (released)", .faint)
    case .retiring: return .init("\(name) (being released)", .yellow)
    default: return .init(name)
    }
  }

  private var artifacts: Table {
    Table(
      [.init("ARTIFACT"), .init("VALUE", isFlexible: true)],
      rows: catalogued.point.artifacts.sorted { $0.key < $1.key }.map { key, value in
        [.init(key), .init(value.string ?? value.text)]
      })
  }
}

extension Moment {
  /// A moment of a restore point, to the microsecond.
  init(_ moment: Snapshot.Moment) {
    self.init(
      microseconds: moment.seconds.multipliedReportingOverflow(by: 1_000_000).partialValue
        &+ Int64(moment.nanoseconds / 1000))
  }
}

extension CataloguedPoint {
  /// As it was recorded, with what has become of it.
  var json: JSONValue {
    guard case .object(var members) = point.json else { return point.json }
    members["state"] = .string(state.rawValue)
    members["reason"] = .init(reason)
    members["pinned"] = .bool(isPinned)
    members["imported"] = .bool(isImported)
    members["adopted"] = .bool(isAdopted)
    members["heldBy"] = .array(heldBy.map { .int($0) })
    members["verifiedOk"] = .init(verifiedOK)
    members["verifiedAt"] = verifiedAt.map { .string($0.rfc3339) } ?? .null
    members["recoverySeconds"] = .init(recoverySeconds)
    members["drillProblem"] = .init(drillProblem)
    members["snapshotStates"] = .object(snapshots.mapValues { .string($0.rawValue) })
    members["exportStates"] = .object(exports.mapValues { .string($0.rawValue) })
    return .object(members)
  }
}
