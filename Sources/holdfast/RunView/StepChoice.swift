internal import CommandSyntax
internal import Wording

/// What a name means in a run: a step, or all instances of a group's step (`volumes.export`).
enum StepChoice: Equatable {
  case one(RunStep)
  case instances([RunStep])

  /// Looks a name up among the steps of a run.
  /// - Throws: `CommandFailure` with the nearest names if there is none.
  init(_ name: String, in snapshot: RunSnapshot) throws(CommandFailure) {
    if let step = snapshot.steps.first(where: { $0.name == name }) {
      self = .one(step)
      return
    }
    let instances = snapshot.steps.filter { $0.place.part != .old && StepPlace.pathless($0.name) == name }
    guard !instances.isEmpty else {
      let names = Set(snapshot.steps.map { StepPlace.pathless($0.name) }).union(snapshot.steps.prefix(1000).map(\.name))
      let nearest = nearestNames(to: name, among: names.sorted())
      let hint =
        nearest.isEmpty
        ? "'holdfast show \(snapshot.run.id) --all' lists its steps" : "did you mean \(alternatives(nearest))?"
      throw CommandFailure(.notFound, "run \(snapshot.run.id) has no step \(quotedForMessage(name)); \(hint)")
    }
    self = .instances(instances)
  }
}
