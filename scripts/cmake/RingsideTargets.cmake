# ringside_library(NAME [SMALL] LINK a b c): the static library of the folder it stands in. A library sees only what it
# links, so a core cannot reach Asio because it never asks for it; scripts/check_layers.py checks the includes too.
function(ringside_library name)
  cmake_parse_arguments(ARG "SMALL" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE ringside_warnings)
    if(ARG_SMALL) # runs once, or for one person: its code is to take little memory beside the daemon's
      target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-Os>)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARG_LINK})
  endif()
endfunction()

# ringside_test(NAME DIRS unit/swim ... LINK ...): one Catch2 binary, and one CTest, of all *_test.cpp below the
# folders. Tests tagged [.slow] run only when asked for.
function(ringside_test name)
  cmake_parse_arguments(ARG "" "" "DIRS;LINK" ${ARGN})
  set(sources "")
  foreach(dir ${ARG_DIRS})
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*_test.cpp)
    list(APPEND sources ${found})
  endforeach()
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  # Tests find their vectors from the root of the checkout, where they are run: no path of this machine in the objects.
  target_compile_definitions(${name} PRIVATE RINGSIDE_SOURCE_DIR=".")
  # What is tested is in the libraries, compiled as the preset says; Catch's macros optimised and with UBSan cost four
  # times the build and find nothing.
  target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  if(RINGSIDE_SANITIZE MATCHES "undefined")
    target_compile_options(${name} PRIVATE -fno-sanitize=undefined)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK} Catch2::Catch2WithMain ringside_warnings)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()
