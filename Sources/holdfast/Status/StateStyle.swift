internal import Terminal

extension Table.Cell {
  /// A state in its colour: green for what is well, red for what is not, yellow for what waits, blue for what goes on.
  static func state(_ state: String) -> Table.Cell {
    let emphasis: TextStyle.Emphasis? =
      switch state {
      case "succeeded", "active", "exists", "on", "ok", "complete": .green
      case "failed", "quarantined", "lost", "left behind", "problem", "breach": .red
      case "waiting", "parked", "paused", "cancelling", "undoing", "draining", "intent", "retrying", "returned",
        "retiring":
        .yellow
      case "running", "ready": .blue
      case "cancelled", "stopped", "released", "skipped", "omitted", "off", "retired": .faint
      default: nil
      }
    return Table.Cell(state, emphasis)
  }
}
