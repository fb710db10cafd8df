// An MPI library that no launcher knows: it takes this process for the only one, as Open MPI's does under MPICH's mpiexec and the other way
// round.
#include <string.h>

#define NOTHING(name) int name(void) { return 0; }

int MPI_Init_thread(void *count, void *arguments, int required, int *provided) { *provided = required; return 0; }
int MPI_Comm_rank(long communicator, int *rank) { *rank = 0; return 0; }
int MPI_Comm_size(long communicator, int *size) { *size = 1; return 0; }
int MPI_Get_library_version(char *text, int *length) { strcpy(text, "Stub 1.0"); *length = (int)strlen(text); return 0; }
NOTHING(MPI_Finalize)
NOTHING(MPI_Comm_set_errhandler)
NOTHING(MPI_Abort)
NOTHING(MPI_Barrier)
NOTHING(MPI_Bcast)
NOTHING(MPI_Allgather)
NOTHING(MPI_Allgatherv)
NOTHING(MPI_Gatherv)
NOTHING(MPI_Alltoallv)
NOTHING(MPI_Error_string)
