#include "tests/fuzz/second_reader.hpp"

#include <llhttp.h>

#include "proto/http/syntax.hpp"

namespace ringside::fuzz {
namespace {

// llhttp's callbacks, each of which may get a text in several pieces.
struct Reader {
  Kind kind;
  SecondReading reading{};
  SecondMessage message{};
  std::size_t at = 0;  // bytes it has been given
  bool inside = false, behind_head = false, name_open = false;

  static Reader& of(llhttp_t* parser) { return *static_cast<Reader*>(parser->data); }
  Pairs& lines() { return behind_head ? message.trailers : message.fields; }

  static int begin(llhttp_t* parser) {
    Reader& self = of(parser);
    self.message = {};
    self.inside = true;
    self.behind_head = self.name_open = false;
    return 0;
  }
  static int url(llhttp_t* parser, const char* text, std::size_t size) {
    return of(parser).message.target.append(text, size), 0;
  }
  static int name(llhttp_t* parser, const char* text, std::size_t size) {
    Reader& self = of(parser);
    if (!std::exchange(self.name_open, true)) self.lines().emplace_back();
    return self.lines().back().first.append(text, size), 0;
  }
  static int value(llhttp_t* parser, const char* text, std::size_t size) {
    Reader& self = of(parser);
    self.name_open = false;
    return self.lines().back().second.append(text, size), 0;
  }
  static int value_end(llhttp_t* parser) { return of(parser).name_open = false, 0; }
  static int head_end(llhttp_t* parser) {
    Reader& self = of(parser);
    self.behind_head = true;
    self.name_open = false;
    if (self.kind == Kind::request)
      self.message.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
    else
      self.message.status = parser->status_code;
    self.message.chunked = (parser->flags & F_CHUNKED) != 0;
    self.message.length = (parser->flags & F_CONTENT_LENGTH) != 0 ? parser->content_length : 0;
    return self.kind == Kind::reply_to_head ? 1 : 0;
  }
  static int body(llhttp_t* parser, const char* text, std::size_t size) {
    return of(parser).message.body.append(text, size), 0;
  }
  static int end(llhttp_t* parser) {
    Reader& self = of(parser);
    self.inside = false;
    self.message.end = self.at;
    for (auto* lines : {&self.message.fields, &self.message.trailers})
      for (auto& line : *lines) line.second = std::string(http::trim(line.second));
    self.reading.messages.push_back(std::move(self.message));
    return 0;
  }
};

llhttp_settings_t settings() {
  llhttp_settings_t s;
  llhttp_settings_init(&s);
  s.on_message_begin = Reader::begin;
  s.on_url = Reader::url;
  s.on_header_field = Reader::name;
  s.on_header_value = Reader::value;
  s.on_header_value_complete = Reader::value_end;
  s.on_headers_complete = Reader::head_end;
  s.on_body = Reader::body;
  s.on_message_complete = Reader::end;
  return s;
}

}  // namespace

// Byte by byte: it does not say where in what it was given a message has ended.
SecondReading read_by_second(std::string_view bytes, Kind kind, bool eof) {
  static const llhttp_settings_t callbacks = settings();
  Reader reader{kind};
  llhttp_t parser;
  llhttp_init(&parser, kind == Kind::request ? HTTP_REQUEST : HTTP_RESPONSE, &callbacks);
  parser.lenient_flags |= LENIENT_VERSION;  // it knows 1.0 and 1.1, we take every 1.x
  parser.data = &reader;
  auto code = HPE_OK;
  for (; code == HPE_OK && reader.at < bytes.size();) {
    const char* byte = bytes.data() + reader.at++;
    code = llhttp_execute(&parser, byte, 1);
  }
  if (code == HPE_OK && eof) code = llhttp_finish(&parser);
  if (code != HPE_OK)
    reader.reading.refused =
        std::string(llhttp_errno_name(code)) + ": " + std::string(llhttp_get_error_reason(&parser));
  reader.reading.unfinished = code == HPE_OK && reader.inside;
  return std::move(reader.reading);
}

}  // namespace ringside::fuzz
