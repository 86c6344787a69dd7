import PostgresClient
import Testing

@Suite(.timeLimit(.minutes(5))) struct ValueTests {
  @Test("scalars come back as they went")
  func scalars() async throws {
    let connection = try await connect()
    let row = try await connection.query(
      "select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::uuid",
      [
        .bool(true), .int16(.min), .int32(.max), .int64(.min), .double(-0.1), .text("Zürich 🗻 'x'"),
        .bytes([0, 255, 10]),
        .jsonb(#"{"a": [1, null]}"#), .timestamp(1_700_000_000_123_456),
        .untyped("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
      ]
    ).single()
    #expect(try row.bool(0))
    #expect(try row.int64(1) == Int64(Int16.min))
    #expect(try row.int32(1) == Int32(Int16.min))
    #expect(try row.int32(2) == .max)
    #expect(try row.int64(2) == Int64(Int32.max))
    #expect(try row.int64(3) == .min)
    #expect(try row.double(4) == -0.1)
    #expect(try row.string(5) == "Zürich 🗻 'x'")
    #expect(try row.bytes(6) == [0, 255, 10])
    #expect(try row.string(7) == #"{"a": [1, null]}"#)
    #expect(try row.timestamp(8) == 1_700_000_000_123_456)
    #expect(try row.string(9) == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
  }

  @Test("the server understands what we mean by each value")
  func meaning() async throws {
    let connection = try await connect()
    let row = try await connection.query(
      """
      select $1 = '2023-11-14 22:13:20.123456+00'::timestamptz, $2 = 'infinity'::timestamptz, $3 = '-infinity'::timestamptz,
        $4 = '{1,NULL,3}'::int8[], $5 = '{"a b",NULL,""}'::text[], $6 = array['1', null, '"x"']::jsonb[],
        $7 = '{}'::int8[], $8 = '{t,f}'::bool[], $9 = '{0.5,-2}'::float8[], $10 = array['\\x00ff', null]::bytea[],
        $11 = '{-5,6}'::int4[], $12 = array['1970-01-01 00:00:01+00', null]::timestamptz[], $13 = '', $14 = ''::bytea
      """,
      [
        .timestamp(1_700_000_000_123_456), .timestamp(.max), .timestamp(.min), .optionalInt64Array([1, nil, 3]),
        .optionalTextArray(["a b", nil, ""]), .jsonbArray(["1", nil, "\"x\""]), .int64Array([]),
        .boolArray([true, false]),
        .doubleArray([0.5, -2]), .bytesArray([[0, 255], nil]), .int32Array([-5, 6]), .timestampArray([1_000_000, nil]),
        .text(""), .bytes([]),
      ]
    ).single()
    for column in 0..<row.columnCount { #expect(try row.bool(column), "column \(column)") }
  }

  @Test("NULL comes back as nil, and is refused where none may be")
  func nulls() async throws {
    let connection = try await connect()
    let row = try await connection.query(
      """
      select $1::bool, null::int4, null::int8, null::float8, null::text, null::bytea, null::timestamptz, null::int8[]
      """, [nil]
    ).single()
    #expect(try row.optionalBool(0) == nil)
    #expect(try row.optionalInt32(1) == nil)
    #expect(try row.optionalInt64(2) == nil)
    #expect(try row.optionalDouble(3) == nil)
    #expect(try row.optionalString(4) == nil)
    #expect(try row.optionalBytes(5) == nil)
    #expect(try row.optionalTimestamp(6) == nil)
    #expect(try row.isNull(7))
    for read in [{ _ = try row.int64(2) }, { _ = try row.string(4) }, { _ = try row.int64Array(7) }]
      as [() throws -> Void]
    {
      let error = await postgresError { try read() }
      #expect(error?.kind == .unexpectedType)
      #expect(error?.description.contains("is NULL") == true)
    }
  }

  @Test("big and small arrays come back as they went", arguments: [0, 1, 3, 10_000])
  func arrays(count: Int) async throws {
    let connection = try await connect()
    let integers = (0..<count).map { Int64($0) * 1_000_003 - 7 }
    let small = integers.map { Int32(truncatingIfNeeded: $0) }
    let texts = integers.map { "text \($0) ü" }
    let optionalIntegers = integers.map { $0 % 3 == 0 ? nil : $0 }
    let optionalTexts = texts.map { $0.hasSuffix("3 ü") ? nil : $0 }
    let documents = integers.map { $0 % 5 == 0 ? nil : #"{"n": \#($0)}"# }
    let row = try await connection.query(
      "select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11",
      [
        .int64Array(integers), .int32Array(small), .textArray(texts), .optionalInt64Array(optionalIntegers),
        .optionalTextArray(optionalTexts), .jsonbArray(documents), .boolArray(integers.map { $0 > 5 }),
        .doubleArray(integers.map { Double($0) / 3 }), .bytesArray(texts.map { Array($0.utf8) }),
        .timestampArray(optionalIntegers), .optionalInt32Array(small.map { $0 % 2 == 0 ? nil : $0 }),
      ]
    ).single()
    #expect(try row.int64Array(0) == integers)
    #expect(try row.int32Array(1) == small)
    #expect(try row.textArray(2) == texts)
    #expect(try row.optionalInt64Array(3) == optionalIntegers)
    #expect(try row.optionalTextArray(4) == optionalTexts)
    #expect(try row.optionalJSONBArray(5) == documents)
    #expect(try row.boolArray(6) == integers.map { $0 > 5 })
    #expect(try row.doubleArray(7) == integers.map { Double($0) / 3 })
    #expect(try row.optionalBytesArray(8) == texts.map { Array($0.utf8) })
    #expect(try row.optionalTimestampArray(9) == optionalIntegers)
    #expect(try row.optionalInt32Array(10) == small.map { $0 % 2 == 0 ? nil : $0 })
  }

  @Test("many rows, by index, in a loop and by name")
  func rows() async throws {
    let connection = try await connect()
    let rows = try await connection.query("select n, n * 2 as twice from generate_series(1, $1) n", [.int32(5000)])
    #expect(rows.count == 5000)
    #expect(rows.affectedCount == 5000)
    #expect(rows.columnNames == ["n", "twice"])
    let twice = try rows.column(named: "twice")
    #expect(try rows[4999].int32(twice) == 10_000)
    #expect(try rows.map { try $0.int64(0) }.reduce(0, +) == 12_502_500)
    await connection.drop("rows outlive their connection")
    #expect(try rows[0].int32(0) == 1)
  }

  @Test("a wrong column or type is an error that says which")
  func mismatch() async throws {
    let connection = try await connect()
    let rows = try await connection.query(
      "select 1::int8 as number, '{1,null}'::int8[], '{{1},{2}}'::int8[], 1.5::numeric")
    let row = try rows.single()
    let cases: [(String, () throws -> Void)] = [
      ("column number is int64 where text", { _ = try row.string(0) }),
      ("column number is int64 where bool", { _ = try row.bool(0) }),
      ("column number is int64 where int32", { _ = try row.int32(0) }),
      ("column number is int64 where int64Array", { _ = try row.int64Array(0) }),
      ("has a NULL element", { _ = try row.int64Array(1) }),
      ("has 2 dimensions", { _ = try row.int64Array(2) }),
      ("type number 1700", { _ = try row.double(3) }),
      ("column 4 was asked for where there are 4", { _ = try row.int64(4) }),
      ("column -1 was asked for", { _ = try row.optionalString(-1) }),
      ("it returned no column x", { _ = try rows.column(named: "x") }),
    ]
    for (text, read) in cases {
      let error = await postgresError { try read() }
      #expect(error?.kind == .unexpectedType)
      #expect(error?.description.contains(text) == true, "\(String(describing: error)) for \(text)")
    }
    let none = try await connection.query("select 1 where false")
    #expect(await postgresError { _ = try none.single() }?.description.contains("0 rows instead of one") == true)
  }

  @Test("what cannot be sent is refused before it is sent")
  func refused() async throws {
    let connection = try await connect()
    let typed = PostgresStatement(name: "typed", "select $1", [.int64])
    for (statement, values) in [
      (typed, [.int32(1)]), (typed, []), (typed, [.int64(1), .int64(2)]),
      (PostgresStatement("select $1"), [.untyped("a\0b")]),
      (PostgresStatement("select 1"), Array(repeating: .int32(1), count: 65_536)),
    ] as [(PostgresStatement, [PostgresValue])] {
      let error = await postgresError { _ = try await connection.query(statement, values) }
      #expect(error?.kind == .rejected)
      #expect(error?.sqlState == nil)
    }
    #expect(try await connection.query(typed, [.int64(7)]).single().int64(0) == 7)
    #expect(try await connection.query(typed, [nil]).single().optionalInt64(0) == nil)
  }
}

extension PostgresRow {
  var columnCount: Int {
    var count = 0
    while (try? isNull(count)) != nil { count += 1 }
    return count
  }
}

extension PostgresConnection {
  /// Only here so that the connection's last use is visible in the test.
  func drop(_ reason: String) async {}
}
