/// A length of time as people read it: `90 s`, `0.5 s`.
package func secondsText(_ duration: Duration) -> String {
  let seconds = duration / .seconds(1)
  return (seconds == seconds.rounded() && abs(seconds) < 1e15 ? String(Int64(seconds)) : String(seconds)) + " s"
}
