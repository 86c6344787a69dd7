extension FunctionTable {
  /// The functions of sprig, the library that Helm and Kanister use, except those that read the host or make secrets.
  ///
  /// One list for each topic, in a file of its own; this joins them. A function is its name, the types of its
  /// parameters, and what it gives. Where versions 2.22 and 3 of sprig differ, it is as in 2.22, unless that fails.
  public static let sprig = FunctionTable(
    Function.sprigStrings + Function.sprigSplitting + Function.sprigCase + Function.sprigWrapping
      + Function.sprigDefaults + Function.sprigLists + Function.sprigDicts + Function.sprigMath + Function.sprigDates
      + Function.sprigEncoding + Function.sprigJSON + Function.sprigRegex + Function.sprigPaths + Function.sprigRandom
      + Function.sprigVersions + Function.sprigURLs)
}
