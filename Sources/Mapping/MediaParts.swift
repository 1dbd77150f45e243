import Bytes

/// A part of a message that is no text: what it is, and where it or its bytes are.
struct MediaPart {
  enum Kind {
    case image, audio, other
  }
  var kind = Kind.other
  /// `image/png`, as far as it is known.
  var type = ""
  /// A string node: where it is.
  var url: Int?
  /// A string node: what it is, in base64.
  var data: Int?
  var name: Int?
}

/// Media in the few shapes that PostHog shows.
extension Mapper {
  func writeMediaPart(_ part: Int, to out: inout ByteBuffer) {
    var media = MediaPart()
    read(media: part, into: &media, depth: 0)
    if let large = [media.data, media.url].compactMap({ $0 }).first(where: { largeBlob($0) != nil }) {
      let known = largeBlob(large) ?? ""
      return writePlaceholder(known == "base64" && !media.type.isEmpty ? media.type : known, large, to: &out)
    }
    switch (media.kind, media.url, media.data) {
    case (.image, let url?, _):
      out.append("{\"type\":\"image_url\",\"image_url\":{\"url\":")
      writeString(url, to: &out)
      out.append("}}")
    case (.image, nil, let data?):
      out.append("{\"type\":\"image_url\",\"image_url\":{\"url\":")
      writeDataURL(data, media.type.isEmpty ? "image/png" : media.type, to: &out)
      out.append("}}")
    case (.audio, _, let data?):
      out.append("{\"type\":\"audio\",\"mime_type\":\"")
      out.append(media.type.isEmpty ? "audio/wav" : media.type)
      out.append("\",\"data\":")
      writeString(data, to: &out)
      out.append(UInt8(ascii: "}"))
    case (.other, _, let data?):
      out.append("{\"type\":\"file\",\"file\":{\"filename\":")
      if let name = media.name { writeAsText(name, to: &out) } else { out.append("\"file\"") }
      out.append(",\"file_data\":")
      writeDataURL(data, media.type.isEmpty ? "application/octet-stream" : media.type, to: &out)
      out.append("}}")
    default: writeMedia(part, to: &out)
    }
  }

  private func writeDataURL(_ data: Int, _ type: String, to out: inout ByteBuffer) {
    if bytes.starts(tape.nodes[data].text, with: Self.dataScheme) { return writeString(data, to: &out) }
    out.append("\"data:")
    out.append(type)
    out.append(";base64,")
    writeContent(data, to: &out)
    out.append(UInt8(ascii: "\""))
  }

  private static let dataScheme = Array("data:".utf8)

  /// How deep a part's source lies inside it.
  private static var sourceDepthMax: Int { 4 }

  /// Gathers what the members of a part and of the objects in it say.
  private func read(media node: Int, into media: inout MediaPart, depth: Int) {
    guard depth < Self.sourceDepthMax else { return }
    if isString(node) { return note(node, in: &media) }
    let members = members(of: node)
    for word in [Word.mediaType, .modality, .type, .format] {
      if let told = members[word], isString(told) { note(type: told, isFormat: word == .format, in: &media) }
    }
    if members[.imageURL] != nil || members[.image] != nil { media.kind = .image }
    if members[.inputAudio] != nil { media.kind = .audio }
    if let name = members[.filename] ?? members[.name], isString(name) { media.name = name }
    if let url = members[.url], isString(url) { note(url, in: &media) }
    for word in [Word.content, .binary, .data] {
      if let data = members[word], isString(data), media.data == nil { note(data, in: &media, isData: true) }
    }
    let inside: [Word] = [
      .imageURL, .image, .source, .inline, .fileData, .file, .inputAudio, .messageContent, .data,
    ]
    for word in inside {
      guard let inner = members[word], word != .data || isObject(inner) else { continue }
      if word == .fileData, isString(inner) {
        note(inner, in: &media, isData: true)
      } else {
        read(media: inner, into: &media, depth: depth + 1)
      }
    }
  }

  /// A string that is an address, a `data:` URL or base64.
  private func note(_ node: Int, in media: inout MediaPart, isData: Bool = false) {
    let text = tape.nodes[node].text
    if text.isEmpty { return }
    let bytes = self.bytes
    let isURL = Self.schemes.contains { bytes.starts(text, with: $0) }
    if isURL || !isData && media.kind != .image {
      if media.url == nil { media.url = node }
    } else if media.data == nil {
      media.data = node
    }
    if bytes.starts(text, with: Self.dataScheme), bytes.starts(Slice(text.start + 5, text.end), with: Self.imageType) {
      media.kind = .image
    }
  }

  private static let schemes = ["data:", "http:", "https:", "gs:", "s3:", "file:"].map { Array($0.utf8) }
  private static let imageType = Array("image".utf8)
  private static let audioType = Array("audio".utf8)

  /// What a part says that it is: `image/png`, `image`, `image-url`, `input_audio`, `png`.
  private func note(type node: Int, isFormat: Bool, in media: inout MediaPart) {
    let text = tape.nodes[node].text
    let bytes = self.bytes
    if bytes.starts(text, with: Self.imageType) { media.kind = .image }
    if bytes.starts(text, with: Self.audioType) { media.kind = .audio }
    guard text.count < 100, media.type.isEmpty else { return }
    let told = bytes.string(text)
    if told.contains("/") {
      media.type = Self.mediaType(told)
    } else if isFormat, media.kind != .other {
      media.type = (media.kind == .image ? "image/" : "audio/") + Self.mediaType(told)
    }
  }
}
