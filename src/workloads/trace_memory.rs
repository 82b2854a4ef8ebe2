//! Long lists of a trace's numbers, in memory that the system gives by large pages where it has them: each page is an
//! interruption when it is first touched, and a large one is one instead of 512.

use std::ops::{Deref, DerefMut};

use bytemuck::Pod;
use memmap2::MmapMut;

/// A list that grows at its end.
#[derive(Debug)]
pub struct Large<T> {
    room: Room<T>,
    count: usize,
}

#[derive(Debug)]
enum Room<T> {
    /// As short lists are kept, and all where nothing can be mapped, as in a browser.
    Heap(Vec<T>),
    Mapped(MmapMut),
}

/// A list of more bytes is mapped.
const HEAP_BYTES_MAX: usize = 1 << 19;
/// What is mapped is whole large pages, so that the system places it where these begin.
const PAGE_BYTES: usize = 1 << 21;

impl<T> Default for Large<T> {
    fn default() -> Large<T> {
        Large { room: Room::Heap(Vec::new()), count: 0 }
    }
}

impl<T: Pod> Large<T> {
    /// So many zeros.
    pub fn zeros(count: usize) -> Large<T> {
        let mut zeros = Large::default();
        zeros.resize(count);
        zeros
    }

    /// Makes room for so many, all in all.
    pub fn reserve(&mut self, count: usize) {
        if count > self.room.all().len() {
            self.grow(count);
        }
    }

    /// Puts one more at the end.
    #[inline]
    pub fn push(&mut self, one: T) {
        if self.count == self.room.all().len() {
            self.grow(self.count + 1);
        }
        self.room.all_mut()[self.count] = one;
        self.count += 1;
    }

    /// Keeps so many; those that come are zeros.
    pub fn resize(&mut self, count: usize) {
        self.reserve(count);
        if let Some(more) = self.room.all_mut().get_mut(self.count..count) {
            more.fill(T::zeroed());
        }
        self.count = count;
    }

    /// Keeps so many; those that come mean nothing.
    pub fn lengthen(&mut self, count: usize) {
        self.reserve(count);
        self.count = count;
    }

    /// Keeps none.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        // Each is moved once on average.
        let mut room = Room::of(count.max(2 * self.count));
        room.all_mut()[..self.count].copy_from_slice(self);
        self.room = room;
    }
}

impl<T: Pod> Room<T> {
    /// Zeros, so many at least. Memory is taken as it is touched.
    fn of(count: usize) -> Room<T> {
        let bytes = count * size_of::<T>();
        if bytes > HEAP_BYTES_MAX
            && let Ok(map) = MmapMut::map_anon(bytes.next_multiple_of(PAGE_BYTES))
        {
            // It is as good a memory without large pages.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Room::Mapped(map);
        }
        Room::Heap(vec![T::zeroed(); count])
    }

    #[inline(always)]
    fn all(&self) -> &[T] {
        match self {
            Room::Heap(all) => all,
            Room::Mapped(map) => bytemuck::cast_slice(map),
        }
    }

    #[inline(always)]
    fn all_mut(&mut self) -> &mut [T] {
        match self {
            Room::Heap(all) => all,
            Room::Mapped(map) => bytemuck::cast_slice_mut(map),
        }
    }
}

impl<T: Pod> Deref for Large<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.room.all()[..self.count]
    }
}

impl<T: Pod> DerefMut for Large<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.room.all_mut()[..self.count]
    }
}
