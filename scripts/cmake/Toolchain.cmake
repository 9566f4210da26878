# How code is compiled: warnings, sanitizers, and the two tools that make rebuilds quick when they are installed.
find_program(RINGSIDE_CCACHE ccache)
if(RINGSIDE_CCACHE)
  # Paths inside the checkout count as relative, so that a fresh clone elsewhere finds what this one has compiled.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${RINGSIDE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()
find_program(RINGSIDE_MOLD mold)
if(RINGSIDE_MOLD AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=mold)
endif()

# Ours only: outside code (llhttp's C) is compiled without them.
add_library(ringside_warnings INTERFACE)
target_compile_options(ringside_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict> # false alarms of GCC 12 on std::string
  $<$<BOOL:${RINGSIDE_WERROR}>:-Werror>)

add_compile_options(-fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2)
  # Of an executable alone, so that what is in one file may be inlined there: CMake's own switch compiles libraries as shared ones.
  add_compile_options(-fPIE)
  add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
if(RINGSIDE_SANITIZE)
  add_compile_options(-fsanitize=${RINGSIDE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RINGSIDE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized) # false alarms of GCC 12 under sanitizers
    if(RINGSIDE_SANITIZE MATCHES "thread")
      add_compile_options(-Wno-tsan) # Asio's fences
    endif()
  endif()
endif()
if(RINGSIDE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link) # counts what is reached, in every library
endif()
