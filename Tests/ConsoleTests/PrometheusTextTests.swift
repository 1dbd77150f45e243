import Console
import Testing
import Transport

@Suite struct PrometheusTextTests {
  private typealias Label = MetricFamily.Label

  private func text(_ families: MetricFamily...) -> String {
    String(decoding: PrometheusText.write(families), as: UTF8.self)
  }

  @Test func `counters and gauges are written with help, type and labels`() {
    let written = text(
      MetricFamily(
        name: "a_total", help: "All of a.", kind: .counter,
        samples: [
          .init(labels: [Label(name: "x", value: "1"), Label(name: "y", value: "two")], value: 3),
          .init(value: 0.25),
        ]),
      MetricFamily(name: "b", help: "B.", kind: .gauge, samples: [.init(value: -7)]))
    #expect(
      written == """
        # HELP a_total All of a.
        # TYPE a_total counter
        a_total{x="1",y="two"} 3
        a_total 0.25
        # HELP b B.
        # TYPE b gauge
        b -7

        """)
  }

  @Test func `a histogram is cumulated and ends in infinity, sum and count`() {
    let written = text(
      MetricFamily(
        name: "h_seconds", help: "H.", kind: .histogram,
        samples: [
          .init(
            labels: [Label(name: "k", value: "v")],
            reading: .distribution(bounds: [0.1, 1, 2.5], counts: [5, 0, 2, 1], sum: 9.75))
        ]))
    #expect(
      written == """
        # HELP h_seconds H.
        # TYPE h_seconds histogram
        h_seconds_bucket{k="v",le="0.1"} 5
        h_seconds_bucket{k="v",le="1"} 5
        h_seconds_bucket{k="v",le="2.5"} 7
        h_seconds_bucket{k="v",le="+Inf"} 8
        h_seconds_sum{k="v"} 9.75
        h_seconds_count{k="v"} 8

        """)
  }

  @Test func `label values and help are escaped, so that no value can write a line of its own`() {
    let written = text(
      MetricFamily(
        name: "a", help: "one\ntwo \\ \"three\"", kind: .gauge,
        samples: [.init(labels: [Label(name: "x", value: "\"} 1\nforged 2\\")], value: 1)]))
    #expect(
      written == "# HELP a one\\ntwo \\\\ \"three\"\n# TYPE a gauge\n" + "a{x=\"\\\"} 1\\nforged 2\\\\\"} 1\n")
  }

  @Test(arguments: [
    (0, "0"), (-0.0, "0"), (1e15, "1000000000000000"), (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
    (.nan, "NaN"), (0.1, "0.1"),
  ])
  func `numbers are written as Prometheus reads them`(_ value: Double, _ expected: String) {
    let written = text(MetricFamily(name: "a", help: "", kind: .gauge, samples: [.init(value: value)]))
    #expect(written.hasSuffix("\na \(expected)\n"))
  }

  @Test func `the counts of servers become one family each`() {
    var counts = TransportCounts()
    counts.answers4xx = 9
    let families = MetricFamily.transport([("otlp", counts), ("admin", TransportCounts())])
    let written = String(decoding: PrometheusText.write(families), as: UTF8.self)
    #expect(written.contains("hoglet_http_answers_total{listener=\"otlp\",class=\"4xx\"} 9\n"))
    #expect(written.contains("hoglet_http_connections{listener=\"admin\"} 0\n"))
  }
}
