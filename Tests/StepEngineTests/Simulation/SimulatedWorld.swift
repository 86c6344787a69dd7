/// What a history is like: chosen once from its seed, so that some histories have one sort of fault only and some all.
struct SimulatedWorld {
  var duration: Moment
  var processes: Int
  var slots: Int
  var lease: Moment
  var poll: Moment
  var runs: Int
  /// A call takes up to so long each way, if nothing is wrong with it.
  var latency = 2000
  /// Nothing goes wrong, and everything has room: then nothing may be slow either.
  var isQuiet: Bool

  // Percentages of calls.
  var unreachable = 0
  var lostAnswer = 0
  var lateEffect = 0
  var slow = 0
  var refusedClaim = 0
  var lostNotification = 0
  // How often in a history.
  var kills = 0
  var freezes = 0
  var outages = 0
  var drains = 0
  /// Processes' clocks run at 0.7 to 1.4 of the true speed, and are up to an hour off.
  var hasOddClocks = false
  /// Some outputs can't be stored.
  var hasPoison = false
  /// Some steps ignore their cancellation for long.
  var hasDeafSteps = false

  init(_ chance: inout Chance) {
    isQuiet = chance.oneIn(8)
    duration = chance.within(3...25) * 1_000_000
    processes = chance.within(1...3)
    slots = isQuiet ? 64 : chance.within(1...5)
    lease = isQuiet ? 30_000_000 : chance.within(2...6) * 1_000_000
    poll = isQuiet ? 30_000_000 : chance.within(5...30) * 100_000
    runs = chance.within(1...6)
    guard !isQuiet else {
      runs = chance.within(5...15)
      latency = chance.within(1000...50_000)
      return
    }
    if chance.percent(35) { unreachable = chance.within(1...20) }
    if chance.percent(35) { lostAnswer = chance.within(1...20) }
    if chance.percent(25) { lateEffect = chance.within(1...10) }
    if chance.percent(30) { slow = chance.within(1...15) }
    if chance.percent(20) { refusedClaim = chance.within(1...15) }
    if chance.percent(40) { lostNotification = chance.within(10...100) }
    if chance.percent(40) { kills = chance.within(1...5) }
    if chance.percent(30) { freezes = chance.within(1...3) }
    if chance.percent(30) { outages = chance.within(1...2) }
    if chance.percent(30) { drains = chance.within(1...2) }
    hasOddClocks = chance.percent(25)
    hasPoison = chance.percent(25)
    hasDeafSteps = chance.percent(25)
  }

  /// After the faults.
  mutating func calm() {
    unreachable = 0
    lostAnswer = 0
    lateEffect = 0
    slow = 0
    refusedClaim = 0
    lostNotification = 0
    hasPoison = false
  }
}
