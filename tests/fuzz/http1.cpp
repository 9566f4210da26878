// HTTP/1: requests and replies as connections bring them, and bodies alone. Verdict, messages and the bytes
// that they take must not depend on how the bytes are cut.
//
// Flags: 0 tight limits, so that short inputs reach them; 1 (replies) the request was HEAD, (bodies) with a
// length instead of chunks; 2 (bodies) until the connection ends.
#include "tests/fuzz/targets.hpp"
#include "tests/unit/proto/http1/exchange_reader.hpp"

namespace ringside::fuzz {
namespace {

http1::Limits limits_of(const Input& input) {
  http1::Limits limits;
  if (!input.flag(0)) return limits;
  limits.request_line = 40;
  limits.field_line = 40;
  limits.head = 120;
  limits.fields = 4;
  limits.method = 8;
  limits.chunk_line = 12;
  limits.trailer_fields = 2;
  limits.trailer = 30;
  return limits;
}

template <class MakeReader>
void read_both_ways(const Input& input, MakeReader make) {
  auto whole = make();
  whole.feed(input.payload());
  auto pieces = make();
  input.for_each_piece([&](std::string_view piece) { pieces.feed(piece); });
  require_same(whole.end(), pieces.end(), "the cut changes what is read");
}

// A body by itself, as something that reads a stream does it: the data, the verdict, and how far it went.
struct Body {
  std::string data;
  std::string verdict = "more";
  std::size_t consumed = 0;
  std::vector<http::Field> trailers;
  friend bool operator==(const Body&, const Body&) = default;
};

std::ostream& operator<<(std::ostream& out, const Body& body) {
  return out << body.verdict << " after " << body.consumed << ", data of " << body.data.size() << ", "
             << body.trailers.size() << " trailers";
}

class BodyEnd {
 public:
  explicit BodyEnd(const Input& input)
      : reader_({input.flag(2)   ? http::BodyKind::until_close
                 : input.flag(1) ? http::BodyKind::length
                                 : http::BodyKind::chunked,
                 20},
                limits_of(input)) {}

  void feed(std::string_view piece) {
    pending_.append(piece);
    while (body_.verdict == "more") {
      const std::string bytes(pending_);  // a new place each time
      const auto step = reader_.next(bytes);
      if (const auto* refusal = std::get_if<http1::Refusal>(&step)) {
        body_.verdict = refusal->reason;
        require(refusal->status == 400 || refusal->status == 431, "a body is refused with 400 or 431");
        return;
      }
      const auto& read = std::get<http1::BodyReader::Piece>(step);
      require(read.data.size() <= read.consumed && read.consumed <= bytes.size(),
              "more is read than there is");
      body_.data.append(read.data);
      body_.consumed += read.consumed;
      pending_.erase(0, read.consumed);
      if (read.finished) body_.verdict = "finished";
      if (read.finished || read.consumed == 0) return;
    }
  }
  Body end() {
    if (reader_.at_eof()) body_.trailers = reader_.trailers();
    return body_;
  }

 private:
  http1::BodyReader reader_;
  std::string pending_;
  Body body_;
};

}  // namespace

void http1_request(const Input& input) {
  read_both_ways(input, [&] { return test::request_reader_within(limits_of(input)); });
}

void http1_response(const Input& input) {
  read_both_ways(input, [&] { return test::response_reader(input.flag(1), limits_of(input)); });
}

// Consumed bytes of an unfinished or refused body are a matter of where the pieces ended; data and verdict
// are not.
void http1_body(const Input& input) {
  BodyEnd whole(input), pieces(input);
  whole.feed(input.payload());
  input.for_each_piece([&](std::string_view piece) { pieces.feed(piece); });
  Body one = whole.end(), other = pieces.end();
  if (one.verdict != "finished" && one.verdict == other.verdict) one.consumed = other.consumed = 0;
  if (one.verdict != "finished" && one.verdict != "more") one.data = other.data = {};
  require_same(one, other, "the cut changes the body");
}

}  // namespace ringside::fuzz
