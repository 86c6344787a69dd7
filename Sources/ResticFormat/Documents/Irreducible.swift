/// Whether a polynomial over GF(2), each bit a coefficient, has no divisor but 1 and itself (Ben-Or's test).
func isIrreducible(_ polynomial: UInt64) -> Bool {
  let degree = polynomial.degree
  guard degree >= 1 else { return false }
  // x^(2^i) + x holds all irreducible polynomials whose degree divides i.
  var power: UInt64 = degree == 1 ? 2 ^ polynomial : 2
  for _ in 0..<degree / 2 {
    power = multiplied(power, power, modulo: polynomial)
    guard commonDivisor(polynomial, power ^ 2) == 1 else { return false }
  }
  return true
}

private func multiplied(_ left: UInt64, _ right: UInt64, modulo polynomial: UInt64) -> UInt64 {
  let top: UInt64 = 1 << UInt64(polynomial.degree)
  var product: UInt64 = 0
  var left = left
  var right = right
  while right != 0 {
    if right & 1 != 0 { product ^= left }
    right >>= 1
    left <<= 1
    if left & top != 0 { left ^= polynomial }
  }
  return product
}

private func commonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
  var (larger, smaller) = (left, right)
  while smaller != 0 {
    while larger != 0, larger.degree >= smaller.degree { larger ^= smaller << UInt64(larger.degree - smaller.degree) }
    swap(&larger, &smaller)
  }
  return larger
}

extension UInt64 {
  /// The exponent of the highest term; -1 of 0.
  fileprivate var degree: Int { 63 - leadingZeroBitCount }
}
