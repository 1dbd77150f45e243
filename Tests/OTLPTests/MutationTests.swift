import Bytes
import OTLP
import Telemetry
import Testing

/// Damaged requests: whatever the bytes, everything returns or throws, and what the scanner accepts can be decoded.
@Suite struct MutationTests {
  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `no damaged protobuf makes anything trap`(seed: UInt64) {
    var random = Random(seed: seed)
    let corpus = Self.protobuf()
    var accepted = 0
    for round in 0..<15_000 {
      let body = random.damaged(corpus[random.below(corpus.count)], with: corpus[random.below(corpus.count)])
      for signal in Signal.allCases {
        do throws(OTLPError) {
          _ = try RequestScanner.scanned(body, signal)
        } catch { continue }
        do throws(OTLPError) {
          _ = try CanonicalDump.text(of: body, signal: signal)
          accepted += 1
        } catch {
          Issue.record("seed \(seed), round \(round): scanned but not decoded: \(error)")
        }
      }
      _ = ContentKind.identify(body)
    }
    #expect(accepted > 1_000, "seed \(seed): damage should leave some of them readable")
  }

  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `no damaged JSON makes anything trap`(seed: UInt64) {
    var random = Random(seed: seed)
    let corpus = Self.json()
    var accepted = 0
    for round in 0..<10_000 {
      let body = random.damaged(corpus[random.below(corpus.count)], with: corpus[random.below(corpus.count)])
      for signal in Signal.allCases {
        let transcoded: [UInt8]
        do throws(OTLPError) {
          transcoded = try JSONTranscoder.protobuf(from: body.span, signal: signal)
        } catch { continue }
        do throws(OTLPError) {
          _ = try CanonicalDump.text(of: transcoded, signal: signal)
          accepted += 1
        } catch {
          if !error.isOverLimit { Issue.record("seed \(seed), round \(round): transcoded but not read: \(error)") }
        }
      }
      _ = ContentKind.identify(body)
    }
    #expect(accepted > 500, "seed \(seed): damage should leave some of them readable")
  }

  @Test(arguments: [1, UInt64.random(in: 2..<1_000_000_000)])
  func `the decoder survives bytes that no scanner has seen`(seed: UInt64) {
    var random = Random(seed: seed)
    let corpus = Self.protobuf()
    var decoder = BatchDecoder()
    for _ in 0..<10_000 {
      var body = corpus[random.below(corpus.count)]
      guard let index = try? RequestScanner.scan(&body, signal: .traces).index else { continue }
      var batch = Batch(arena: random.damaged(body, with: body))
      try? decoder.decode(
        resources: index.resources, scopes: index.scopes, records: index.records, into: &batch)
    }
  }

  private static func protobuf() -> [[UInt8]] {
    let attributes = ["gen_ai.system", "", "event.name"].flatMap { Encode.bytes(9, Encode.attribute($0, "value")) }
    let values: [[UInt8]] = [
      Encode.varint(2, 1), Encode.varint(3, .max), Encode.fixed64(4, 1), Encode.nested(depth: 4),
      Encode.nested(depth: 4, map: true), Encode.bytes(7, [0, 1, 2]), [],
    ]
    let others = values.flatMap { Encode.bytes(9, Encode.text(1, "k") + Encode.bytes(2, $0)) }
    let event = Encode.bytes(
      11, Encode.fixed64(1, 5) + Encode.text(2, "e") + Encode.bytes(3, Encode.attribute("a", "b")))
    let span = Encode.span(
      Encode.text(5, "name") + Encode.bytes(4, Encode.span) + attributes + others + event
        + Encode.bytes(15, Encode.text(2, "m") + Encode.varint(3, 2)) + Encode.fixed32(16, 0x300))
    let log =
      Encode.fixed64(1, 9) + Encode.varint(2, 9) + Encode.bytes(5, values[3]) + Encode.bytes(9, Encode.trace)
      + Encode.bytes(6, Encode.attribute("event.name", "gen_ai.choice")) + Encode.text(12, "gen_ai.choice")
    var corpus = [
      Encode.request([span, span]), Encode.request([log, log]), Encode.request([Encode.span()]), [0x0a, 0x00],
    ]
    for path in Repository.captures.prefix(12) {
      let bytes = Repository.read(path)
      if bytes.count < 20_000 { corpus.append(bytes) }
    }
    return corpus
  }

  private static func json() -> [[UInt8]] {
    let span =
      #"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"n\u00e9\"","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"1","flags":768,"attributes":[{"key":"a","value":{"stringValue":"x"}},{"key":"b","value":{"arrayValue":{"values":[{"intValue":"1"},{"doubleValue":1e3},{"bytesValue":"AAA="},{"boolValue":true},null]}}},{"key":"c","value":{"kvlistValue":{"values":[{"key":"d","value":{"doubleValue":"NaN"}}]}}}],"events":[{"name":"e","timeUnixNano":5}],"status":{"code":2},"new":[{"x":null}]}"#
    let log =
      #"{"timeUnixNano":"9","severityNumber":"SEVERITY_NUMBER_WARN","body":{"stringValue":"\ud83d\ude00"},"eventName":"gen_ai.choice"}"#
    let texts = [
      #"{"resourceSpans":[{"resource":{"attributes":[{"key":"s","value":{"stringValue":"v"}}]},"scopeSpans":[{"scope":{"name":"n"},"spans":[\#(span),\#(span)]}],"schemaUrl":"u"}]}"#,
      #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[\#(log),\#(log)],"logRecords":[\#(log)]}]}]}"#, "{}",
    ]
    return texts.map { Array($0.utf8) }
  }
}
