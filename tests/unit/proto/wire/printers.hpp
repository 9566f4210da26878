// How Catch2 shows wire errors.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "proto/wire/error.hpp"

template <>
struct Catch::StringMaker<ringside::wire::WireError> {
  static std::string convert(const ringside::wire::WireError& e) {
    return "\"" + std::string(ringside::wire::describe(e.code)) + "\" at byte " + std::to_string(e.offset);
  }
};
