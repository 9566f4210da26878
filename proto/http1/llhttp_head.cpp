#include "proto/http1/llhttp_head.hpp"

#include <llhttp.h>

#include "proto/http/syntax.hpp"

namespace ringside::http1 {
namespace {

struct Sink {
  LlhttpHead& out;
  std::vector<http::Field>& fields;
};

Sink& sink(llhttp_t* parser) {
  return *static_cast<Sink*>(parser->data);
}

// llhttp may hand out one span in several calls; they are neighbours then.
void extend(std::string_view& part, const char* at, std::size_t length) {
  if (!part.empty() && part.data() + part.size() == at) {
    part = {part.data(), part.size() + length};
  } else {
    part = {at, length};
  }
}

int on_target(llhttp_t* parser, const char* at, std::size_t length) {
  extend(sink(parser).out.target, at, length);
  return 0;
}

int on_reason(llhttp_t* parser, const char* at, std::size_t length) {
  extend(sink(parser).out.reason, at, length);
  return 0;
}

int on_name(llhttp_t* parser, const char* at, std::size_t length) {
  auto& fields = sink(parser).fields;
  const bool more = !fields.empty() && fields.back().name.data() + fields.back().name.size() == at;
  if (!more) fields.emplace_back();
  extend(fields.back().name, at, length);
  return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t length) {
  auto& fields = sink(parser).fields;
  if (fields.empty()) return -1;
  extend(fields.back().value, at, length);
  return 0;
}

// The body is read by BodyReader: stop here.
int on_complete(llhttp_t*) {
  return HPE_PAUSED;
}

const llhttp_settings_t& settings() {
  static const llhttp_settings_t value = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = on_target;
    s.on_status = on_reason;
    s.on_header_field = on_name;
    s.on_header_value = on_value;
    s.on_headers_complete = on_complete;
    return s;
  }();
  return value;
}

// Behind the head: only then has it read what we have read.
bool finish(llhttp_t& parser, std::string_view rest, std::vector<http::Field>& fields) {
  const auto code = llhttp_execute(&parser, rest.data(), rest.size());
  if (code != HPE_PAUSED || llhttp_get_error_pos(&parser) < rest.data() + rest.size() - 1) return false;
  for (auto& field : fields) field.value = http::trim(field.value);
  return true;
}

void start(llhttp_t& parser, llhttp_type_t type, Sink& into) {
  into.fields.clear();
  llhttp_init(&parser, type, &settings());
  parser.lenient_flags |= LENIENT_VERSION;  // it knows 1.0 and 1.1; every 1.x is for the gate to judge
  parser.data = &into;
}

}  // namespace

bool parse_request(std::string_view head, std::size_t method_end, LlhttpHead& out,
                   std::vector<http::Field>& fields) {
  Sink into{out, fields};
  llhttp_t parser;
  start(parser, HTTP_REQUEST, into);
  constexpr std::string_view stand_in = "POST";
  if (llhttp_execute(&parser, stand_in.data(), stand_in.size()) != HPE_OK) return false;
  return finish(parser, head.substr(method_end), fields);
}

bool parse_response(std::string_view head, LlhttpHead& out, std::vector<http::Field>& fields) {
  Sink into{out, fields};
  llhttp_t parser;
  start(parser, HTTP_RESPONSE, into);
  if (!finish(parser, head, fields)) return false;
  out.status = parser.status_code;
  return true;
}

}  // namespace ringside::http1
