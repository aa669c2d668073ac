# eai_flags: the warnings that every target of ours is compiled with; EAI_WERROR, EAI_SANITIZE and EAI_FUZZ add theirs.
add_library(eai_flags INTERFACE)
target_compile_options(eai_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                                           -Wundef -Wextra-semi)
# g++ 12 sees overlaps in std::string that do not exist (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(eai_flags INTERFACE -Wno-restrict)
endif()
# g++ 12 is wrong about Asio's coroutine frames: their operators new and delete do belong together.
target_compile_options(eai_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
if(EAI_WERROR)
  target_compile_options(eai_flags INTERFACE -Werror)
endif()
if(EAI_SANITIZE)
  # These are global rather than per target, because an unsanitized object in a sanitized program gives false reports.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(EAI_FUZZ)
  # The check of called functions' types is off, because clang before 17 cannot put it into coroutines.
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize=function)
endif()
