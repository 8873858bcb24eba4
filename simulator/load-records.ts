export class LoadProfileSettings {}
