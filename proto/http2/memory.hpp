// The memory that nghttp2 works with: blocks of a few sizes, kept for the next use instead of being given
// back, because each head costs it some twenty small allocations. One for each session, so one thread's.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>

namespace ringside::http2 {

class Memory {
 public:
  Memory() noexcept : functions_{this, allocate, release, allocate_zeroed, reallocate} {}
  ~Memory();  // every block must have come back
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // What nghttp2 is created with; lives as long as this.
  [[nodiscard]] nghttp2_mem* functions() noexcept { return &functions_; }

 private:
  struct Block;
  static void* allocate(std::size_t, void* self);
  static void release(void*, void* self);
  static void* allocate_zeroed(std::size_t, std::size_t, void* self);
  static void* reallocate(void*, std::size_t, void* self);

  static constexpr std::size_t classes = 7;      // 32, 64, ... 2048 bytes; larger ones are not kept
  static constexpr std::size_t kept_max = 1024;  // blocks of each size
  std::array<Block*, classes> kept_{};
  std::array<std::size_t, classes> count_{};
  nghttp2_mem functions_;
};

}  // namespace ringside::http2
