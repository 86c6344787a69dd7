import JSON
import Terminal
import Testing

@testable import holdfast

@Suite("The picture of a run")
struct RunViewDrawingTests {
  @Test("a run is drawn as agreed", arguments: [(80, 24), (120, 40), (50, 12)])
  func picture(columns: Int, rows: Int) throws {
    var drawing = RunDrawing(columns: columns)
    let lines = drawing.picture(RunViewFixture.midway, at: RunViewFixture.at(125), rows: rows, status: nil)
    let text = lines.map { $0.text(TextStyle(), columns: columns) + "\n" }.joined()
    #expect(lines.count <= rows)
    for line in text.split(separator: "\n") { #expect(displayWidth(line) <= columns) }
    try expectGolden(text, "picture-\(columns)x\(rows)")
  }

  @Test("however low the terminal is, the picture fits and begins with the run", arguments: 1...30)
  func fits(rows: Int) {
    var drawing = RunDrawing(columns: 80)
    let status = StyledLine("! no answer")
    let lines = drawing.picture(RunViewFixture.midway, at: RunViewFixture.at(125), rows: rows, status: status)
    #expect(lines.count <= rows)
    #expect(lines.first?.plain.contains("csi-backup") ?? false)
    if rows >= 8 { #expect(lines.last == status) }
  }

  @Test("what failed and runs stays when there is no room; what is left out is counted")
  func fitted() {
    let states: [StepState] = [.succeeded, .succeeded, .failed, .running, .blocked, .waiting, .blocked]
    let lines = states.enumerated().map { TreeLine(mark: .step($1), name: "s\($0)") }
    #expect(lines.fitted(to: 7) == lines)
    let fitted = lines.fitted(to: 4)
    #expect(fitted.map(\.name) == ["s2", "s3", "s5", "… not shown: 2 to come, 2 done"])
    #expect(lines.fitted(to: 5).map(\.name).contains("s4"))
  }

  @Test("a line is never shown without the one that it stands below")
  func parents() {
    let lines =
      [TreeLine(mark: .step(.succeeded), name: "group"), TreeLine(depth: 1, mark: .step(.failed), name: "[1].a")]
      + (0..<5).map { TreeLine(mark: .step(.running), name: "r\($0)") }
    #expect(lines.fitted(to: 3).map(\.name).prefix(2) == ["group", "[1].a"])
  }

  @Test("how far a step is, in few words; what it says in another way is left out")
  func progress() {
    #expect(StepProgress(["done": 0, "total": 2048])?.text == "0 B of 2.00 KiB")
    #expect(StepProgress(["done": 5000, "files": 1234, "note": "a\nb"])?.text == "4.88 KiB, 1,234 files, a b")
    #expect(StepProgress(["done": "x", "rate": -1, "etaSeconds": 1e300, "total": 1e300])?.text == "")
    #expect(StepProgress(["done": 9, "total": 3])?.fraction == 1)
    #expect(StepProgress(["done": 9, "total": 0])?.fraction == nil)
    #expect(StepProgress("text") == nil)
    #expect(StepProgress.bar(0.999) == "█████████░  99%")
    #expect(StepProgress.bar(1) == "██████████ 100%")
  }

  @Test("line by line, a step that runs says now and then how far it is")
  func progressLines() {
    var changes = RunChanges()
    var snapshot = RunViewFixture.midway
    func told() -> [String] { changes.lines(snapshot).filter { $0.contains("volumes[3].export 30%") } }
    #expect(told().count == 1)
    for second in 126..<135 {
      snapshot.now = RunViewFixture.at(Double(second))
      #expect(told() == [])
    }
    snapshot.now = RunViewFixture.at(135)
    #expect(told().first?.hasSuffix("volumes[3].export 30%, 1.20 GiB of 4.00 GiB, 310 MiB/s, 10s left") ?? false)
  }

  @Test("a lister of items is shown only if it failed; while it works, its group says so")
  func listers() {
    var snapshot = RunViewFixture.midway
    func names(_ showsAll: Bool = false) -> [String] {
      RunTree(snapshot: snapshot, showsAll: showsAll).lines(at: snapshot.now).map(\.name)
    }
    #expect(!names().contains("volumes:items"))
    #expect(names(true).contains("volumes:items"))
    snapshot.steps[1].state = .failed
    #expect(names().contains("volumes:items"))
    snapshot.steps[1].state = .running
    snapshot.steps[2].state = .blocked
    let group = RunTree(snapshot: snapshot).lines(at: snapshot.now).first { $0.name == "volumes" }
    #expect(group?.mark == .step(.running))
    #expect(group?.detail.hasPrefix("lists its items") ?? false)
  }

  @Test("of many instances the failed come first, and the others are counted")
  func manyInstances() {
    var snapshot = RunViewFixture.midway
    snapshot.steps += (0..<40).map {
      RunViewFixture.step(Int64(100 + $0), "volumes[\(20 + $0)].export", .running, from: 9)
    }
    snapshot.steps.append(RunViewFixture.step(900, "volumes[99].export", .failed, from: 9, to: 10))
    let names = RunTree(snapshot: snapshot).lines(at: snapshot.now).map(\.name)
    #expect(names.contains("[99].export") && names.contains("[2].export"))
    #expect(names.count { $0.hasSuffix(".export") } == RunTree.mostInstances)
    #expect(names.contains("… and 33 more steps; --all shows every one"))
  }

  @Test("hooks, undo and what was before a retry stand under titles of their own")
  func parts() {
    var snapshot = RunViewFixture.midway
    snapshot.steps.append(RunViewFixture.step(800, "undo:volumes[3].snapshot", .succeeded, from: 9, to: 10))
    snapshot.steps.append(RunViewFixture.step(801, "old:volumes[3].snapshot", .succeeded, from: 9, to: 10))
    let lines = RunTree(snapshot: snapshot).lines(at: snapshot.now)
    #expect(lines.filter { $0.mark == .heading }.map(\.name) == ["Hooks", "Undo"])
    #expect(lines.last?.name == "volumes[3].snapshot")
    let all = RunTree(snapshot: snapshot, showsAll: true).lines(at: snapshot.now)
    #expect(all.filter { $0.mark == .heading }.map(\.name) == ["Hooks", "Undo", "Before the retry"])
  }

  @Test("the run that a step started stands below it")
  func children() {
    var snapshot = RunViewFixture.midway
    var child = RunHeader(id: 5, workflow: "restore", state: .running, submittedAt: RunViewFixture.at(100))
    child.parentStep = snapshot.steps[3].id
    child.steps = StepCounts(total: 4, succeeded: 1, running: 1, blocked: 2)
    snapshot.children = [child]
    let lines = RunTree(snapshot: snapshot).lines(at: snapshot.now)
    let index = lines.firstIndex { $0.name == "approve" }
    let below = index.map { lines[$0 + 1] }
    #expect(below?.depth == 1 && below?.name == "restore" && below?.detail == "5: 1 of 4 steps, 1 running")
  }

  @Test(
    "names are taken apart",
    arguments: [
      ("volumes", StepPlace.Part.plan, nil, "volumes"), ("volumes[3].export", .plan, "volumes", "[3].export"),
      ("a[1].b[2].c", .plan, "a", "[1].b[2].c"), ("undo:volumes[3].snapshot", .undo, nil, "volumes[3].snapshot"),
      ("onFailure:notify", .hooks, nil, "onFailure:notify"), ("volumes:items", .plan, nil, "volumes:items"),
      ("old:volumes[3].export", .old, nil, "volumes[3].export"),
    ] as [(String, StepPlace.Part, String?, String)])
  func places(name: String, part: StepPlace.Part, group: String?, label: String) {
    let place = StepPlace(name)
    #expect(place.part == part && place.group == group && place.label == label)
    #expect(place.listsItems == name.hasSuffix(":items"))
  }

  @Test("the document has every key, with null for what is not known")
  func document() throws {
    let text = RunViewFixture.midway.document().indentedText
    try expectGolden(text + "\n", "document.json")
  }
}
