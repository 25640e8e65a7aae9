# The cases belong to the table's test and its benchmark, not to the library.
get_target_property(of_library mr_kern SOURCES)
list(FILTER of_library EXCLUDE REGEX "/kern/cases/")
set_property(TARGET mr_kern PROPERTY SOURCES ${of_library})
file(GLOB cases CONFIGURE_DEPENDS ${dir}/cases/*.cpp)
list(APPEND tests ${cases})
list(APPEND benches ${cases})

# An ISA folder is its compile flag. Its files keep everything local, see docs/style.md 10.
file(GLOB avx2 CONFIGURE_DEPENDS ${dir}/avx2/*.cpp)
set_source_files_properties(${avx2} PROPERTIES
  COMPILE_OPTIONS "-mavx2;-mfma;-mf16c;-fno-exceptions;$<$<CONFIG:Release>:-O3>")
