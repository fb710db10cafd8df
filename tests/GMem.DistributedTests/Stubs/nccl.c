// The part of NCCL's C interface (nccl.h of version 2) that GMem uses, for threads of one process: memory is the processor's, a rank is a
// thread, and what a group holds is done at its end. One world at a time for each unique id.
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, INTERNAL_ERROR = 3, INVALID_ARGUMENT = 4, INVALID_USAGE = 5, REMOTE_ERROR = 6 };
enum { MOST_RANKS = 8, MOST_OPERATIONS = 64, ID_BYTES = 128, INT8 = 0, FLOAT32 = 7, SUM = 0 };

typedef struct { char bytes[ID_BYTES]; } UniqueId;

typedef struct World {
    UniqueId id;
    int size, joined;
    void *buffers[MOST_RANKS];
    pthread_barrier_t barrier;
    struct World *next;
} World;

typedef struct { World *world; int rank, failure, aborted; } Communicator;

typedef struct { int isReduce, root; const void *send; void *receive; size_t bytes; Communicator *communicator; } Operation;

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static World *worlds;
static int ids;
static __thread int depth, count;
static __thread Operation operations[MOST_OPERATIONS];

// What tests ask.
static int lastCount;
int stubLastGroup(void) { return lastCount; }
void stubFail(Communicator *communicator, int failure) { communicator->failure = failure; }
int stubIsAborted(Communicator *communicator) { return communicator->aborted; }

// No byte is like its neighbours, so that an id that is cut or moved is noticed.
int ncclGetUniqueId(UniqueId *id) {
    pthread_mutex_lock(&gate);
    int number = ++ids;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < ID_BYTES; i++) id->bytes[i] = (char)(i * 37 + number);
    return SUCCESS;
}

int ncclCommInitRank(Communicator **communicator, int size, UniqueId id, int rank) {
    if (size < 1 || size > MOST_RANKS || rank < 0 || rank >= size) return INVALID_ARGUMENT;
    int number = (unsigned char)id.bytes[0];
    if (number < 1 || number > ids) return INVALID_ARGUMENT;
    for (int i = 0; i < ID_BYTES; i++) if (id.bytes[i] != (char)(i * 37 + number)) return INVALID_ARGUMENT;
    pthread_mutex_lock(&gate);
    World *world = worlds;
    while (world && memcmp(&world->id, &id, sizeof id)) world = world->next;
    if (!world) {
        world = calloc(1, sizeof *world);
        world->id = id;
        world->size = size;
        pthread_barrier_init(&world->barrier, NULL, size);
        world->next = worlds;
        worlds = world;
    }
    int isWrong = world->size != size || world->joined == size;
    world->joined += !isWrong;
    pthread_mutex_unlock(&gate);
    if (isWrong) return INVALID_USAGE;
    pthread_barrier_wait(&world->barrier);
    Communicator *made = calloc(1, sizeof *made);
    made->world = world;
    made->rank = rank;
    *communicator = made;
    return SUCCESS;
}

static void wait_all(Operation *o) { pthread_barrier_wait(&o->communicator->world->barrier); }

static void run(Operation *o) {
    World *world = o->communicator->world;
    int rank = o->communicator->rank;
    world->buffers[rank] = (void *)o->send;
    wait_all(o);
    if (!o->isReduce) {
        if (world->buffers[o->root] != o->receive) memcpy(o->receive, world->buffers[o->root], o->bytes);
    } else if (rank == o->root) {
        float *sum = calloc(1, o->bytes);
        for (int r = 0; r < world->size; r++)
            for (size_t i = 0; i < o->bytes / sizeof(float); i++) sum[i] += ((float *)world->buffers[r])[i];
        memcpy(o->receive, sum, o->bytes);
        free(sum);
    }
    wait_all(o);
}

static int add(Operation o) {
    if (!o.communicator || o.communicator->aborted || !o.send) return INVALID_ARGUMENT;
    if (o.root < 0 || o.root >= o.communicator->world->size) return INVALID_ARGUMENT;
    if (count == MOST_OPERATIONS) return INTERNAL_ERROR;
    operations[count++] = o;
    if (depth == 0) { run(&operations[0]); count = 0; }
    return SUCCESS;
}

int ncclReduce(const void *send, void *receive, size_t numbers, int type, int op, int root, Communicator *communicator, void *stream) {
    if (type != FLOAT32 || op != SUM || stream) return INVALID_ARGUMENT;
    return add((Operation){ 1, root, send, receive, numbers * sizeof(float), communicator });
}

int ncclBroadcast(const void *send, void *receive, size_t numbers, int type, int root, Communicator *communicator, void *stream) {
    if (type != INT8 || stream) return INVALID_ARGUMENT;
    return add((Operation){ 0, root, send, receive, numbers, communicator });
}

int ncclGroupStart(void) { depth++; return SUCCESS; }

int ncclGroupEnd(void) {
    if (depth == 0) return INVALID_USAGE;
    if (--depth == 0) {
        lastCount = count;
        for (int i = 0; i < count; i++) run(&operations[i]);
        count = 0;
    }
    return SUCCESS;
}

int ncclCommGetAsyncError(Communicator *communicator, int *failure) { *failure = communicator->failure; return SUCCESS; }

int ncclCommAbort(Communicator *communicator) { communicator->aborted = 1; return SUCCESS; }

const char *ncclGetErrorString(int code) {
    switch (code) {
        case INTERNAL_ERROR: return "internal error of the stub";
        case INVALID_ARGUMENT: return "invalid argument to the stub";
        case INVALID_USAGE: return "invalid usage of the stub";
        case REMOTE_ERROR: return "remote process exited (stub)";
        default: return "unknown";
    }
}
