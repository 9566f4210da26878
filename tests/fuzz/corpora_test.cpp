// Every file of tests/fuzz/corpus through its target, in the ordinary builds: what a fuzzer once found stays
// found.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {
namespace {

std::vector<std::filesystem::path> files_of(std::string_view target) {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(RINGSIDE_SOURCE_DIR) / "tests/fuzz/corpus" / target;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("every input of the corpora is handled alike whole and in pieces") {
  for (const Target& target : targets) {
    const auto files = files_of(target.name);
    INFO(target.name);
    CHECK(files.size() >= 5);
    for (const auto& file : files) {
      INFO(file.string());
      const auto bytes = content(file);
      CHECK(!bytes.empty());
      CHECK_NOTHROW(target.run(Input(bytes)));
    }
  }
}

TEST_CASE("inputs of no bytes, one byte and nothing but piece sizes are inputs like any other") {
  for (const Target& target : targets) {
    INFO(target.name);
    for (int first = 0; first < 256; ++first) {
      const std::string bytes(1, static_cast<char>(first));
      CHECK_NOTHROW(target.run(Input(bytes)));
      CHECK_NOTHROW(target.run(Input(bytes + "\x01")));
    }
    CHECK_NOTHROW(target.run(Input("")));
  }
}

TEST_CASE("the pieces of an input make up its payload") {
  const std::string bytes(
      "\x53\x00\x02\xc0"
      "payload of some length",
      26);
  const Input input(bytes);
  std::string joined;
  std::vector<std::size_t> sizes;
  input.for_each_piece([&](std::string_view piece) {
    joined += piece;
    sizes.push_back(piece.size());
  });
  CHECK(joined == "payload of some length");
  CHECK(sizes == std::vector<std::size_t>{1, 3, 18});
  CHECK((input.flag(0) && !input.flag(1) && input.flag(2) && !input.flag(3)));
}

}  // namespace ringside::fuzz
