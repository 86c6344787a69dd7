/// Files to begin with: what people write, every corner of the syntax, and mistakes.
let yamlCorpus: [String] = [
  """
  apiVersion: holdfast.dev/v1
  kind: Workflow
  metadata: {name: nightly, labels: {team: "data"}}
  spec:
    parameters:
      - {name: namespace, required: true}
    steps:
      - name: discover   # finds volumes
        uses: exec
        with:
          command: [./volumes.sh, "{{ .Params.namespace }}"]
          parse: json
      - name: volumes
        forEach: '{{ .Steps.discover.volumes }}'
        steps:
          - name: snapshot
            uses: exec
            retry: {attempts: 5, backoff: 1.5}
            timeoutSeconds: 3600
  """,
  """
  base: &base
    image: postgres:16
    env: {A: 1, B: two}
  other: &other {env: {C: 3}, ports: [80, 443]}
  merged:
    <<: [*base, *other]
    image: mysql
  alias: *base
  list: [*other, &x y, *x]
  """,
  """
  literal: |
    set -euo pipefail
      indented

    last
  stripped: |-
    one
  kept: |+
    two

  folded: >
    a
    b

    c
  indented: |2
      deep
  plain: a text
    over two lines
  single: 'it''s
    long'
  double: "tab\\t \\u00e9 \\
    joined"
  """,
  """
  - null
  - ~
  - true
  - 12
  - -12
  - 0o17
  - 0x1F
  - 1.5e-3
  - .inf
  - yes
  - 2024-01-31
  - 12:30:00
  - 1_000
  - !!str 3
  - !!int "4"
  - !!float 5
  - ''
  - 9223372036854775807
  """,
  "{\"a\": [1, -2.5e3, null, true], \"b\": {\"c\": \"\\/ \\u00e9\"}, \"d\": \"\"}",
  #"{"a": "\ud83d\ude00 é \uD83D\uDE00", "b": ["\ud83d", "\\ud83d"]}"#, #"["\ud83d\ude00", 1, {"k": "\ud83d\ude00"}]"#,
  "[\n\t{\"k\": 1},\n\t{\"k\": 2}\n]\n",
  "%YAML 1.2\n---\na: 1\n...\n---\n# empty\n---\nb: 2\n",
  "? complex\n: value\n? [a]\n: b\n",
  "a:\r\n  - b\r\n  - c: d\r\n",
  "\u{FEFF}a: 日本\n😀: é\n",
  "a0: &a0 [x, x]\na1: &a1 [*a0, *a0, *a0]\na2: &a2 [*a1, *a1, *a1]\na3: [*a2, *a2, *a2]\n",
  "key: {{ .Params.x }}\n", "a: \"{{ printf \"%s\" .x }}\"\n", "a: b: c\n", "a:b\nc: d\n", "a:\n\tb: 1\n",
  "a: \"x\nb: 1\n", "a: [1, 2\nb: 3\n",
  "a: @x\n", "a: *\n", "steps:\n  - name: x\n   uses: y\n", "a: 1\na: 2\n", "a: 'x' y\n", "a: |x\n", "- a\nb: c\n", "",
  "\n", "# comment\n", "a", "---\n",
]
