extension PostgresError.Kind {
  /// What an SQLSTATE means to a caller. `constraint` is the constraint the server named, if any.
  init(sqlState: String, constraint: String? = nil) {
    switch sqlState {
    case "40001", "40P01": self = .serialization
    case "55P03": self = .lockUnavailable
    case "53100": self = .diskFull
    case "57P01", "57P02", "57P03", "57P05": self = .shuttingDown
    case "57014": self = .cancelled
    case "25006": self = .readOnly
    case "25P02": self = .aborted
    case "25P03": self = .timedOut  // idle in transaction for too long: rolled back
    case "26000": self = .stalePreparedStatement
    case "42501": self = .notPermitted
    case "3D000", "3F000", "42P01", "42883", "42703", "42704": self = .missingObject
    default:
      switch sqlState.prefix(2) {
      case "08": self = .protocolViolation
      case "23": self = .constraint(constraint ?? "")
      case "28": self = .authentication
      case "53": self = .tooManyConnections
      default: self = .rejected
      }
    }
  }
}
