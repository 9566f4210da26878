// Chunked bodies beyond the case list: limits, extensions, trailers.
#include <catch2/catch.hpp>
#include <string>

#include "proto/http1/parser.hpp"
#include "proto/http1/writer.hpp"

namespace ringside::test {
namespace {

struct Result {
  std::string body;
  std::size_t consumed = 0;
  bool finished = false;
  int refused = 0;
  friend bool operator==(const Result&, const Result&) = default;
};

Result read_body(http::Framing framing, std::string_view bytes, std::size_t piece) {
  http1::BodyReader reader(framing);
  Result result;
  std::string pending;
  std::size_t given = 0;
  for (;;) {
    const auto step = reader.next(std::string(pending));
    if (const auto* refusal = std::get_if<http1::Refusal>(&step)) {
      result.refused = refusal->status;
      return result;
    }
    const auto& got = std::get<http1::BodyReader::Piece>(step);
    result.body.append(pending, got.consumed - got.data.size(), got.data.size());
    pending.erase(0, got.consumed);
    result.consumed += got.consumed;
    result.finished = got.finished;
    if (got.finished) return result;
    if (got.consumed > 0) continue;
    if (given == bytes.size()) return result;
    const auto more = bytes.substr(given, piece);
    pending.append(more);
    given += more.size();
  }
}

// The same in one piece and byte by byte.
Result chunked(std::string_view bytes) {
  constexpr http::Framing framing{http::BodyKind::chunked, 0};
  const auto whole = read_body(framing, bytes, bytes.size());
  const auto single = read_body(framing, bytes, 1);
  CHECK(single.refused == whole.refused);
  if (whole.refused == 0) CHECK(single == whole);
  return whole;
}

}  // namespace

TEST_CASE("a chunked body ends where its last chunk ends", "[http1]") {
  const auto read = chunked("a\r\n0123456789\r\n00001 ;x=\"y;z\" \t\r\n!\r\n0\r\nA: b\r\nC:\r\n\r\nGET /");
  CHECK(read.body == "0123456789!");
  CHECK(read.finished);
  CHECK(read.consumed ==
        std::string("a\r\n0123456789\r\n00001 ;x=\"y;z\" \t\r\n!\r\n0\r\nA: b\r\nC:\r\n\r\n").size());
}

TEST_CASE("chunk framing that two readers could take differently is refused", "[http1]") {
  for (const std::string bytes : {"\r\n",           ";a\r\n",
                                  " 5\r\n",         "5 \r\n",
                                  "5\t\r\n",        "5\n",
                                  "5\r5",           "+5\r\n",
                                  "0x5\r\n",        "5_\r\n",
                                  "5\r\nhello\n",   "5\r\nhello\r0",
                                  "5;\r\n",         "5; =x\r\n",
                                  "5\r\nhello0",    "5;a\nb",
                                  "5;a\rb",         "5;\x01",
                                  "5;\x7f",         "00000000000000005\r\n",
                                  "0\r\n\n",        "0\r\n\rX",
                                  "0\r\n A: b\r\n", "0\r\nA\r\n",
                                  "0\r\nA : b\r\n", "0\r\nA: \x01\r\n",
                                  "0\r\nA: b\n",    "0\r\nA: b\rc",
                                  "0\r\n: b\r\n",   "0\r\nA: b\r\n c\r\n"}) {
    INFO(bytes);
    CHECK(chunked(bytes).refused == 400);
  }
}

TEST_CASE("chunk lines, trailers and the price of chunks have limits", "[http1]") {
  const http1::Limits limits;
  const auto extension = [](std::size_t line) {
    return "1" + (";" + std::string(line - 2, 'x')) + "\r\n!\r\n0\r\n\r\n";
  };
  CHECK(chunked(extension(limits.chunk_line)).finished);
  CHECK(chunked(extension(limits.chunk_line + 1)).refused == 400);

  std::string trailers = "0\r\n";
  for (std::size_t i = 0; i < limits.trailer_fields; ++i) trailers += "A: b\r\n";
  CHECK(chunked(trailers + "\r\n").finished);
  CHECK(chunked(trailers + "A: b\r\n\r\n").refused == 431);

  const auto trailer = [](std::size_t size) { return "0\r\nA:" + std::string(size - 4, 'v') + "\r\n\r\n"; };
  CHECK(chunked(trailer(limits.trailer)).finished);
  CHECK(chunked(trailer(limits.trailer + 1)).refused == 431);

  std::string plain, costly;
  for (int i = 0; i < 2000; ++i) {
    plain += "1\r\nx\r\n";                     // 5 bytes of framing for one: any number is fine
    costly += "1;twenty-bytes-more\r\nx\r\n";  // over 16 for one
  }
  CHECK(chunked(plain + "0\r\n\r\n").finished);
  CHECK(chunked(costly + "0\r\n\r\n").refused == 400);
  CHECK(chunked(costly.substr(0, 24 * 100) + "0\r\n\r\n").finished);  // little of it is nobody's trouble
}

TEST_CASE("trailers are kept for the end, but for those that may not stand there", "[http1]") {
  const std::string bytes =
      "1\r\nx\r\n0\r\nX-Sum:  caf\xe9 \r\nContent-Length: 9\r\nHOST: b\r\nRingside-Key: k\r\n"
      "Transfer_Encoding: chunked\r\nEmpty:\r\nx-sum: 2\r\nSet-Cookie: s=1\r\nIf-Match: x\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    http1::BodyReader reader({http::BodyKind::chunked, 0});
    std::string buffered;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      buffered += bytes.substr(at, piece);
      for (std::size_t consumed = 1; consumed > 0 && !reader.finished();) {
        consumed = std::get<http1::BodyReader::Piece>(reader.next(buffered)).consumed;
        buffered.erase(0, consumed);
      }
    }
    REQUIRE(reader.finished());
    CHECK(reader.trailers() == http::Trailers{{"X-Sum", "caf\xe9"}, {"Empty", ""}, {"x-sum", "2"}});
    std::string out;
    http1::write_last_chunk(out, reader.trailers());
    CHECK(out == "0\r\nX-Sum: caf\xe9\r\nEmpty: \r\nx-sum: 2\r\n\r\n");
  }
}

TEST_CASE("the largest chunk size does not overflow", "[http1]") {
  const auto read = chunked("ffffffffffffffff\r\nabc");
  CHECK(read.refused == 0);
  CHECK(read.body == "abc");
  CHECK_FALSE(read.finished);
}

TEST_CASE("a body by length takes its length and no more", "[http1]") {
  for (const std::size_t piece : {1U, 3U, 100U}) {
    const auto read = read_body({http::BodyKind::length, 5}, "helloGET", piece);
    CHECK(read.body == "hello");
    CHECK(read.finished);
  }
  CHECK(http1::BodyReader({http::BodyKind::length, 0}).finished());
  CHECK(http1::BodyReader(http::Framing{}).finished());
}

TEST_CASE("only a body until close may end with the connection", "[http1]") {
  http1::BodyReader until_close({http::BodyKind::until_close, 0});
  CHECK(std::get<http1::BodyReader::Piece>(until_close.next("abc")).data == "abc");
  CHECK_FALSE(until_close.finished());
  CHECK(until_close.at_eof());
  CHECK_FALSE(http1::BodyReader({http::BodyKind::length, 1}).at_eof());
  CHECK_FALSE(http1::BodyReader({http::BodyKind::chunked, 0}).at_eof());
}

TEST_CASE("chunks that are written are read back", "[http1]") {
  std::string bytes, body;
  for (const std::size_t size : {1U, 15U, 16U, 255U, 70000U, 0U}) {
    const std::string data(size, 'd');
    http1::write_chunk(bytes, data);
    body += data;
  }
  http1::write_last_chunk(bytes);
  const auto read = chunked(bytes);
  CHECK(read.finished);
  CHECK(read.body == body);
  CHECK(read.consumed == bytes.size());
}

}  // namespace ringside::test
