// The hot path does not allocate: after the first message a parser has all the memory it needs.
// The counter is weak, so that another test of this program may bring its own; then ours must still see
// allocations. Sanitizers bring their own operator new: there this file is empty.
#ifdef __has_feature  // clang's way to tell
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "proto/http1/parser.hpp"
#include "proto/http1/writer.hpp"

namespace {
std::size_t allocations = 0;
}

__attribute__((weak, noinline)) void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((weak, noinline)) void operator delete(void* memory) noexcept {
  std::free(memory);
}
__attribute__((weak, noinline)) void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace ringside::test {

TEST_CASE("reading and writing a message allocates nothing once warm", "[http1]") {
  const std::size_t before_control = allocations;
  const auto control = std::make_unique<std::string>(100, 'x');
  REQUIRE(allocations > before_control);

  std::string request =
      "POST /v1/route/user-42/cart HTTP/1.1\r\nHost: localhost:7601\r\nUser-Agent: x\r\nAccept: */*\r\n"
      "Connection: keep-alive\r\nRingside-Key: user-42\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  const std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
  http1::RequestParser requests;
  http1::ResponseParser replies;
  std::string out;
  const auto exchange = [&] {
    out.clear();
    const auto step = requests.next(request);
    const auto& asked = std::get<http1::Complete<http::RequestHead>>(step);
    http1::BodyReader body(asked.head->framing);
    auto rest = std::string_view(request).substr(asked.length);
    while (!body.finished()) {
      const auto piece = std::get<http1::BodyReader::Piece>(body.next(rest));
      http1::write_chunk(out, piece.data);
      rest.remove_prefix(piece.consumed);
    }
    http1::write(out, *asked.head);
    http1::write(out, *std::get<http1::Complete<http::ResponseHead>>(replies.next(reply, false)).head);
  };
  exchange();
  const std::size_t warm = allocations;
  for (int i = 0; i < 100; ++i) exchange();
  CHECK(allocations == warm);
}

}  // namespace ringside::test

#endif
