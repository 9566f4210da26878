#include "proto/http2/memory.hpp"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace ringside::http2 {
namespace {

constexpr std::size_t smallest = 32;
constexpr std::size_t unkept = ~std::size_t{0};

std::size_t class_of(std::size_t size) noexcept {
  return size <= smallest ? 0 : static_cast<std::size_t>(std::bit_width((size - 1) / smallest));
}

}  // namespace

// In front of what nghttp2 gets. `next` is used while the block is kept, `size` while it is out.
struct alignas(std::max_align_t) Memory::Block {
  union {
    Block* next;
    std::size_t size;  // asked for; only of blocks that are not kept
  };
  std::size_t size_class;

  static Block& of(void* memory) noexcept { return *(static_cast<Block*>(memory) - 1); }
  void* memory() noexcept { return this + 1; }
};

Memory::~Memory() {
  for (Block* block : kept_) {
    while (block != nullptr) {
      Block* next = block->next;
      std::free(block);
      block = next;
    }
  }
}

void* Memory::allocate(std::size_t size, void* self) {
  Memory& memory = *static_cast<Memory*>(self);
  const std::size_t size_class = class_of(size);
  if (size_class >= classes) {
    if (size > SIZE_MAX - sizeof(Block)) return nullptr;
    auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
    if (block == nullptr) return nullptr;
    block->size = size;
    block->size_class = unkept;
    return block->memory();
  }
  if (Block* block = memory.kept_[size_class]) {
    memory.kept_[size_class] = block->next;
    --memory.count_[size_class];
    return block->memory();
  }
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + (smallest << size_class)));
  if (block == nullptr) return nullptr;
  block->size_class = size_class;
  return block->memory();
}

void Memory::release(void* given, void* self) {
  if (given == nullptr) return;
  Memory& memory = *static_cast<Memory*>(self);
  Block& block = Block::of(given);
  if (block.size_class == unkept || memory.count_[block.size_class] == kept_max) return std::free(&block);
  block.next = memory.kept_[block.size_class];
  memory.kept_[block.size_class] = &block;
  ++memory.count_[block.size_class];
}

void* Memory::allocate_zeroed(std::size_t count, std::size_t size, void* self) {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* memory = allocate(count * size, self);
  if (memory != nullptr) std::memset(memory, 0, count * size);
  return memory;
}

void* Memory::reallocate(void* given, std::size_t size, void* self) {
  if (given == nullptr) return allocate(size, self);
  const Block& block = Block::of(given);
  const std::size_t old = block.size_class == unkept ? block.size : smallest << block.size_class;
  if (block.size_class != unkept && size <= old) return given;
  void* grown = allocate(size, self);
  if (grown == nullptr) return nullptr;
  std::memcpy(grown, given, old < size ? old : size);
  release(given, self);
  return grown;
}

}  // namespace ringside::http2
