import Testing

@testable import Mapping

/// Images, audio and files in messages.
@Suite struct MediaMessageTests {
  static let address = #"{"type":"image_url","image_url":{"url":"https://e.x/a.png"}}"#
  static let small = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}}"#
  static let file = #"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}"#

  /// Where it is seen, the part, and the part that goes out.
  static let parts: [(String, String, String)] = [
    ("OpenAI", #"{"type":"image_url","image_url":{"url":"https://e.x/a.png","detail":"low"}}"#, address),
    ("OpenAI Responses", #"{"type":"input_image","image_url":"https://e.x/a.png"}"#, address),
    ("OpenAI, inline", #"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}}"#, small),
    ("semconv uri", #"{"type":"uri","modality":"image","mime_type":null,"uri":"https://e.x/a.png"}"#, address),
    (
      "semconv uri with a data: URL (Logfire)",
      #"{"type":"uri","modality":"image","uri":"data:image/png;base64,iVBO"}"#, small
    ),
    ("semconv blob", #"{"type":"blob","modality":"image","mime_type":"image/png","content":"iVBO"}"#, small),
    (
      "semconv file", #"{"type":"file","modality":"image","file_id":"f1"}"#,
      #"{"type":"file","modality":"image","file_id":"f1"}"#
    ),
    (
      "semconv blob of a document",
      #"{"type":"blob","modality":"document","filename":"a.pdf","mime_type":"application/pdf","content":"JVBE"}"#, file
    ),
    ("pydantic-ai 2", #"{"type":"image-url","url":"https://e.x/a.png"}"#, address),
    ("pydantic-ai 2", #"{"type":"binary","media_type":"image/png","content":"iVBO"}"#, small),
    ("pydantic-ai 1", #"{"kind":"binary","media_type":"image/png","binary_content":"iVBO"}"#, small),
    ("Anthropic", #"{"type":"image","source":{"type":"url","url":"https://e.x/a.png"}}"#, address),
    ("Anthropic", #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}"#, small),
    (
      "Anthropic",
      #"{"type":"document","name":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}"#,
      file
    ),
    ("Gemini", #"{"inlineData":{"mimeType":"image/png","data":"iVBO"}}"#, small),
    ("Gemini", #"{"inline_data":{"mime_type":"image/png","data":"iVBO"}}"#, small),
    ("Gemini", #"{"fileData":{"mimeType":"image/png","fileUri":"https://e.x/a.png"}}"#, address),
    ("Bedrock", #"{"image":{"format":"png","source":{"bytes":"iVBO"}}}"#, small),
    ("Vercel AI SDK", #"{"type":"image","image":"https://e.x/a.png","mediaType":"image/png"}"#, address),
    ("Vercel AI SDK", #"{"type":"image","image":"iVBO","mediaType":"image/png"}"#, small),
    ("Vercel AI SDK", #"{"type":"file","data":"JVBE","mediaType":"application/pdf","filename":"a.pdf"}"#, file),
    ("OpenInference", #"{"message_content":{"type":"image","image":{"image":{"url":"https://e.x/a.png"}}}}"#, address),
    ("Haystack", #"{"image":{"base64_image":"iVBO","mime_type":"image/png"}}"#, small),
    ("OpenAI", #"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}"#, file),
    (
      "OpenAI", #"{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}"#,
      #"{"type":"audio","mime_type":"audio/wav","data":"UklG"}"#
    ),
  ]

  @Test(arguments: parts) func `media come in the shapes that PostHog shows`(seen: String, part: String, output: String)
  {
    MessageCase(
      seen, #"[{"role":"user","content":[{"type":"text","text":"see"},\#(part)]}]"#,
      #"{"role":"user","content":[{"type":"text","text":"see"},\#(output)]}"#
    ).check()
  }

  static let wrappings = [
    #"{"type":"image_url","image_url":{"url":"data:image/png;base64,DATA"}}"#,
    #"{"type":"blob","modality":"image","mime_type":"image/png","content":"DATA"}"#,
    #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"DATA"}}"#,
    #"{"inlineData":{"mimeType":"image/png","data":"DATA"}}"#,
  ]

  @Test(arguments: wrappings) func `inline data over the limit is its type, size and digest`(part: String) {
    let limit = MappingLimits.blobBytesMax
    let prefix = part.contains("data:") ? "data:image/png;base64,".utf8.count : 0
    let largest = String(repeating: "A", count: limit - prefix)
    let kept = Normaliser.messages(#"[{"role":"user","content":[\#(part.replacing("DATA", with: largest))]}]"#)
    #expect(kept.contains(largest))
    let cut = Normaliser.messages(#"[{"role":"user","content":[\#(part.replacing("DATA", with: largest + "A"))]}]"#)
    #expect(
      cut.hasPrefix(#"[{"role":"user","content":[{"type":"image/png","bytes":6144,"sha256":""#), "\(cut.prefix(200))")
    #expect(cut.utf8.count < 200)
  }

  @Test func `large data in parts nobody knows is replaced too`() {
    let data = String(repeating: "A", count: 10_000)
    let out = Normaliser.messages(#"[{"role":"user","content":[{"type":"hologram","beam":{"data":"\#(data)"}}]}]"#)
    #expect(out.contains(#"{"type":"hologram","beam":{"data":{"type":"base64","bytes":7500,"#))
  }
}
