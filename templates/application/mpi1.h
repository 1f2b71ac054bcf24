#ifndef EXACOUPLE_MPI1_H
#define EXACOUPLE_MPI1_H

// Included before every source of an MPI build, see build.sh.
//
// Peano describes its messages with MPI's first interface, or with the second (-DMPI2), where it
// takes the extent of a message without what follows its last member: with two ranks or more arrays
// of messages are then read at wrong places. The first interface is right but was removed in MPI 3;
// here its three names are made from those of today.

#include <mpi.h>

#undef MPI_UB
#undef MPI_Address
#undef MPI_Type_struct

#define MPI_UB MPI_DATATYPE_NULL
#define MPI_Address MPI_Get_address
#define MPI_Type_struct exacouple_type_struct

/// A type of `count` members, the last of which may be MPI_UB: the place where the type ends.
inline int exacouple_type_struct(int count, int* lengths, MPI_Aint* places, MPI_Datatype* types,
                                 MPI_Datatype* made) {
  const bool bounded = types[count - 1] == MPI_UB;
  if (!bounded) return MPI_Type_create_struct(count, lengths, places, types, made);
  MPI_Datatype open;
  const int status = MPI_Type_create_struct(count - 1, lengths, places, types, &open);
  if (status != MPI_SUCCESS) return status;
  MPI_Aint low, span;
  MPI_Type_get_extent(open, &low, &span);
  const int resized = MPI_Type_create_resized(open, low, places[count - 1] - low, made);
  MPI_Type_free(&open);
  return resized;
}

#endif
