import Bytes
import OTLP
import Telemetry

/// OTLP/JSON: what is transcoded scans, and shown as JSON and transcoded again it is the same.
enum JSONTarget {
  static func run(_ input: [UInt8]) {
    for signal in Signal.allCases { transcode(input, signal) }
    StockMapping.map(input)
  }

  private static func transcode(_ input: [UInt8], _ signal: Signal) {
    guard let body = try? JSONTranscoder.protobuf(from: input.span, signal: signal) else { return }
    var scanned = body
    do throws(OTLPError) {
      _ = try RequestScanner.scan(&scanned, signal: signal)
    } catch {
      Fuzzing.expect(error.isOverLimit, "what was transcoded is well-formed: \(error)")
      return
    }
    guard let once = again(body, signal), let twice = again(once, signal) else { return }
    Fuzzing.expect(once == twice, "shown and read again it stays the same")
  }

  private static func again(_ body: [UInt8], _ signal: Signal) -> [UInt8]? {
    do throws(OTLPError) {
      let shown = try JSONRendering.json(body.span, signal: signal)
      return try JSONTranscoder.protobuf(from: shown.span, signal: signal)
    } catch {
      Fuzzing.expect(error.isOverLimit, "what is shown can be read: \(error)")
      return nil
    }
  }
}
