/// A piece of a parsed template.
indirect enum Node: Sendable {
  case text(String, offset: Int)
  /// Prints what the pipeline gives, unless it declares variables.
  case action(Pipeline)
  case branch(Branch)
  case range(Branch)
  /// A call of the template of this name.
  case template(name: String, argument: Pipeline?, offset: Int)
  case breakLoop
  case continueLoop
}

/// `if`, `with` and `range`.
struct Branch: Sendable {
  let pipeline: Pipeline
  /// Whether dot becomes the pipeline's value, as in `with`.
  let movesDot: Bool
  let body: [Node]
  let otherwise: [Node]
}

/// Commands that each take the value of the one before as their last argument.
struct Pipeline: Sendable {
  /// The variables that get the value.
  var variables: [Variable] = []
  /// Whether they are assigned (`=`) rather than declared (`:=`).
  var isAssignment = false
  var commands: [Command] = []
  let offset: Int
}

/// A variable of a template. Numbers are cheaper to compare than names; `$` is 0.
struct Variable: Sendable {
  let id: Int
  let name: String
}

/// An operand that is called with the others.
struct Command: Sendable {
  var operands: [Operand]
}

/// A value in a command.
struct Operand: Sendable {
  indirect enum Kind: Sendable {
    case dot
    case null
    case bool(Bool)
    case number(NumberLiteral)
    case string(String)
    case function(Function)
    /// `.a.b`
    case fields([String])
    /// `$x.a.b`
    case variable(Variable, [String])
    case pipeline(Pipeline)
    /// `(…).a.b`
    case chain(Operand, [String])
  }

  let kind: Kind
  /// Where it starts, in bytes.
  let offset: Int
}
